//! The far end of all streams: stands for the engine. One thread per connection.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use crate::wire::{self, BULK_BUFFER, EVENT_BYTES, EVENT_PERIOD};

/// Listens on a free port of an address; serves for as long as the process lives.
pub fn listen(address: IpAddr) -> io::Result<u16> {
    let listener = TcpListener::bind((address, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A peer that goes in the middle is none of our business.
            thread::spawn(move || serve(stream).ok());
        }
    });
    Ok(port)
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; 1];
    stream.read_exact(&mut request)?;
    match request {
        [wire::DOWN] => {
            let mut length = [0; 8];
            stream.read_exact(&mut length)?;
            send(&mut stream, u64::from_be_bytes(length))
        }
        [wire::UP] => {
            let mut buffer = vec![0; BULK_BUFFER];
            let mut total = 0u64;
            loop {
                match stream.read(&mut buffer)? {
                    0 => break,
                    length => total += length as u64,
                }
            }
            stream.write_all(&total.to_be_bytes())
        }
        [wire::PING] => {
            let mut byte = [0; 1];
            loop {
                stream.read_exact(&mut byte)?;
                stream.write_all(&byte)?;
            }
        }
        [wire::EVENTS] => {
            let mut count = [0; 4];
            stream.read_exact(&mut count)?;
            events(&mut stream, u32::from_be_bytes(count))
        }
        _ => Err(wire::confused("no such request")),
    }
}

fn send(stream: &mut TcpStream, mut left: u64) -> io::Result<()> {
    let buffer = vec![7; BULK_BUFFER];
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        stream.write_all(buffer.get(..length).unwrap_or(&buffer))?;
        left -= length as u64;
    }
    Ok(())
}

fn events(stream: &mut TcpStream, count: u32) -> io::Result<()> {
    let started = Instant::now();
    for number in 0..count {
        let due = EVENT_PERIOD * number;
        thread::sleep(due.saturating_sub(started.elapsed()));
        let mut event = [0; EVENT_BYTES];
        if let Some(stamp) = event.first_chunk_mut() {
            *stamp = wire::now_nanos().to_be_bytes();
        }
        stream.write_all(&event)?;
    }
    Ok(())
}
