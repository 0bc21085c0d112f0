-- A score belongs to the text that was measured.
gps_score = case when t.content_hash = w.content_hash then t.gps_score end,
didatica_score = case when t.content_hash = w.content_hash then t.didatica_score end,
validation_status = case when t.content_hash = w.content_hash then t.validation_status else 'pending' end,
validation_issues = case when t.content_hash = w.content_hash then t.validation_issues else '[]' end,
