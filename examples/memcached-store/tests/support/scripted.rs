//! A server that says what it is told to.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub struct Scripted {
    pub address: String,
}

impl Scripted {
    /// Answers a command that begins with the first text by the second, and any other by silence.
    pub async fn start(script: &'static [(&'static str, &'static str)]) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, script));
            }
        });
        Ok(Self { address })
    }
}

async fn answer(stream: TcpStream, script: &[(&str, &str)]) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut command = String::new();
        if stream.read_line(&mut command).await? == 0 {
            return Ok(());
        }
        // `ms <key> <length> …` is followed by the value.
        let mut words = command.split_ascii_whitespace();
        if words.next() == Some("ms") {
            let length: usize = words.nth(1).and_then(|length| length.parse().ok()).expect("a length");
            stream.read_exact(&mut vec![0; length + 2]).await?;
        }
        if let Some((_, said)) = script.iter().find(|(begin, _)| command.starts_with(begin)) {
            stream.write_all(said.as_bytes()).await?;
        }
    }
}
