// Package systemd notifies the service manager by the protocol of
// sd_notify(3), as units with Type=notify and Type=notify-reload expect it.
//
// A message is a datagram of lines to a Unix socket that the environment names. It
// is well-known and small, while the libraries for it lack what notify-reload
// needs or open the socket for each message, which a program that has given up the
// right to open sockets can't.
package systemd
