//! The second way: the official image, in this machine's Docker engine.

use std::time::Duration;

use testcontainers::core::client::docker_client_instance;
use testcontainers::core::{ContainerPort, IntoContainerPort};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerRequest, GenericImage, ImageExt, ReuseDirective};
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::home::Site;
use super::kind::{InDocker, Kind, Place};
use super::launch::{Launch, lacks};
use super::program::{new_place, spaced};
use crate::check::with_causes;

/// An engine on this machine that takes longer to say hello is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts the container, and gives where its server is.
pub(super) fn start(kind: &Kind, site: &Site) -> Result<(Launch, Place), String> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(in_engine(kind, site))
}

async fn in_engine(kind: &Kind, site: &Site) -> Result<(Launch, Place), String> {
    let engine = docker_client_instance().await.map_err(|error| with_causes(&error))?;
    let ping = timeout(PATIENCE, engine.ping()).await;
    ping.map_err(|_| format!("the engine does not answer within {PATIENCE:?}"))?
        .map_err(|error| with_causes(&error))?;
    if let Some(lack) = ["docker", "flock"].into_iter().find_map(lacks) {
        return Err(lack);
    }

    let place = new_place(kind).map_err(|error| error.to_string())?;
    let name = format!("session-conformance-{}-{}", kind.slug, &place.password[..8]);
    // Before there is a container, so that whatever happens there is somebody to remove it.
    let mut launch = Launch::start(site, None, "", include_str!("scripts/container.sh"), &[("CONTAINER", &name)], &[])
        .map_err(|error| error.to_string())?;
    request(kind, &place)
        .with_container_name(name)
        .with_reuse(ReuseDirective::Always) // that is: do not remove it when this process is done with it
        .with_host_config_modifier(|config| {
            // Not for the machine's neighbours.
            for binding in config.port_bindings.iter_mut().flat_map(|ports| ports.values_mut()).flatten().flatten() {
                binding.host_ip = Some("127.0.0.1".to_owned());
            }
        })
        .start()
        .await
        .map_err(|error| {
            launch.give_up();
            with_causes(&error)
        })?;
    launch.wait(kind, &place)?;
    Ok((launch, place))
}

fn request(kind: &Kind, place: &Place) -> ContainerRequest<GenericImage> {
    let (image, tag) = kind.image.split_once(':').unwrap_or((kind.image, "latest"));
    let image = GenericImage::new(image, tag);
    match &kind.in_docker {
        InDocker::Itself { port, environment, arguments } => {
            let filled = |text: &str| text.replace("{password}", &place.password);
            let request = image.with_cmd(arguments.iter().map(|argument| filled(argument)));
            environment
                .iter()
                .fold(request, |request, (name, value)| request.with_env_var(*name, filled(value)))
                .with_mapped_port(place.ports[0], port.tcp())
        }
        InDocker::Script => place
            .ports
            .iter()
            .fold(image.with_cmd(["sh", "-c", kind.script]), |request, port| {
                request.with_mapped_port(*port, ContainerPort::Tcp(*port))
            })
            .with_env_var("PORTS", spaced(&place.ports))
            .with_env_var("BIND", "0.0.0.0")
            .with_env_var("PASSWORD", &*place.password)
            .with_env_var("SERVER_HOME", "/tmp"),
    }
}
