//! A database whose owner is no superuser, as on Supabase, on a server with the roles of a web API.

use forebay_store::{
    access,
    cluster::{Cluster, ClusterOptions},
    migrations, testing,
};
use tokio_postgres::{Client, Config, NoTls};

use super::expectations::Actor;

pub(super) struct Lab {
    pub(super) name: String,
    cluster: Cluster,
    /// As a superuser.
    pub(super) admin: Client,
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Lab {
    pub(super) async fn open(name: &str) -> Self {
        let mut options: ClusterOptions = testing::cluster_options();
        options.data_dir.as_mut_os_string().push("-access");
        let cluster = Cluster::join(&options).await.unwrap();
        let name = format!("access_{name}_{}", std::process::id());
        let server = connect(cluster.config().dbname("postgres")).await;
        for statement in [
            format!("drop database if exists {name} with (force)"),
            testing::ROLES.to_owned(),
            format!("drop role if exists owner_{name}; create role owner_{name} login createrole"),
            format!("create database {name} owner owner_{name}"),
        ] {
            server.batch_execute(&statement).await.unwrap();
        }
        let admin = connect(cluster.config().dbname(&name)).await;
        Self { name, cluster, admin }
    }

    pub(super) fn config(&self) -> Config {
        let mut config = self.cluster.config();
        config.dbname(&self.name);
        config
    }

    /// A connection as the owner.
    pub(super) async fn owner(&self) -> Client {
        connect(self.config().user(format!("owner_{}", self.name))).await
    }

    /// Does what `forebay db up --rls` does.
    pub(super) async fn migrate(&self) {
        let mut owner = self.owner().await;
        migrations::up(&mut owner).await.unwrap();
        access::create_roles(&mut owner).await.unwrap();
    }

    pub(super) async fn text(&self, statement: &str) -> String {
        self.admin.query_one(statement, &[]).await.unwrap().get(0)
    }

    /// The text that a statement returns to a role.
    pub(super) async fn text_as(&self, actor: Actor, statement: &str) -> String {
        self.admin.batch_execute(&format!("begin; {}", actor.settings())).await.unwrap();
        let text = self.text(statement).await;
        self.admin.batch_execute("rollback").await.unwrap();
        text
    }

    pub(super) async fn close(self) {
        let Self { name, cluster, admin } = self;
        drop(admin);
        let server = connect(cluster.config().dbname("postgres")).await;
        server.batch_execute(&format!("drop database {name} with (force)")).await.unwrap();
        let roles = format!("drop role owner_{name}; drop role if exists authenticator_{name}");
        server.batch_execute(&roles).await.unwrap();
        drop(server);
        cluster.leave().await.unwrap();
    }
}
