package natslink

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/pipeline/peerlist"
)

// DefaultPort is the TCP port of NATS servers.
const DefaultPort = 4222

// Server is where a NATS server listens.
type Server struct {
	TLS  bool // the connection must be encrypted
	Host peerlist.Address
	Port uint16
}

// UnmarshalText reads a text such as nats://192.0.2.5, tls://nats.example.net:4222 or
// [2001:db8::5]:4222.
func (s *Server) UnmarshalText(text []byte) error {
	scheme, rest, ok := strings.Cut(string(text), "://")
	if !ok {
		scheme, rest = "nats", string(text)
	}
	if scheme != "nats" && scheme != "tls" {
		return fmt.Errorf("%q has the scheme %q; write nats:// or tls://", text, scheme)
	}
	if strings.Contains(rest, "@") {
		return fmt.Errorf("a server has no user and password in its address; use the settings `user` and `password`")
	}
	rest = strings.TrimSuffix(rest, "/")
	host, port, err := splitHostPort(rest)
	if err != nil {
		return fmt.Errorf("%q %w", text, err)
	}
	out := Server{TLS: scheme == "tls", Port: port}
	if err := out.Host.UnmarshalText([]byte(host)); err != nil {
		return err
	}
	*s = out
	return nil
}

func splitHostPort(s string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		if host, isBracketed := strings.CutPrefix(s, "["); isBracketed {
			return strings.TrimSuffix(host, "]"), DefaultPort, nil
		}
		if strings.Count(s, ":") > 1 {
			return "", 0, fmt.Errorf("has an IPv6 address without brackets; write [2001:db8::5]:%d", DefaultPort)
		}
		return s, DefaultPort, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("has no port from 1 to 65535")
	}
	return host, uint16(n), nil
}

// MarshalText writes what UnmarshalText reads.
func (s Server) MarshalText() ([]byte, error) { return []byte(s.scheme() + "://" + s.address()), nil }

// String returns the server as it is written in a configuration.
func (s Server) String() string { return s.scheme() + "://" + s.address() }

func (s Server) scheme() string {
	if s.TLS {
		return "tls"
	}
	return "nats"
}

// address returns host and port, such as the address for [net.Dial].
func (s Server) address() string {
	return net.JoinHostPort(s.Host.String(), strconv.Itoa(int(s.Port)))
}

// url returns the server as nats.go takes it: the zone of an address is escaped.
func (s Server) url() string { return (&url.URL{Scheme: s.scheme(), Host: s.address()}).String() }
