package natslink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

// Times after which a server counts as gone. A reader of messages would wait for minutes for
// one that has lost power.
const (
	connectTimeout = 2 * time.Second
	pingInterval   = 2 * time.Second
	pingsOut       = 2
	writeTimeout   = 2 * time.Second
)

// options returns what one connection is made with. It reads the files of the settings.
func (l *Link) options(ctx context.Context) (nats.Options, error) {
	o := nats.GetDefaultOptions()
	o.Name = l.config.Name
	for _, server := range l.config.Servers {
		o.Servers = append(o.Servers, server.url())
		o.Secure = o.Secure || l.config.usesTLS(server)
	}
	o.AllowReconnect = false // the link does it, and knows why it fails
	o.IgnoreDiscoveredServers = true
	o.SkipHostLookup = true // the dialer does
	o.SkipSubjectValidation = true
	o.Timeout, o.PingInterval, o.MaxPingsOut, o.FlusherTimeout = connectTimeout, pingInterval, pingsOut, writeTimeout
	o.CustomDialer = &dialer{ctx}
	o.User, o.Password, o.Token = l.config.User, l.config.Pass, l.config.Token
	options, err := l.config.fileOptions()
	if err != nil {
		return o, err
	}
	for _, option := range options {
		if err := option(&o); err != nil {
			return o, fmt.Errorf("prepare connection to NATS: %w", err)
		}
	}
	return o, nil
}

// fileOptions returns the options that read files.
func (s *Settings) fileOptions() (options []nats.Option, err error) {
	if s.Creds != "" {
		if _, err := os.ReadFile(s.Creds); err != nil {
			return nil, fmt.Errorf("read credentials: %w", err)
		}
		options = append(options, nats.UserCredentials(s.Creds))
	}
	if s.NKey != "" {
		option, err := nats.NkeyOptionFromSeed(s.NKey)
		if err != nil {
			return nil, fmt.Errorf("read NKey %s: %w", s.NKey, err)
		}
		options = append(options, option)
	}
	if s.CA != "" {
		options = append(options, nats.RootCAs(s.CA))
	}
	if s.Cert != "" {
		options = append(options, nats.ClientCert(s.Cert, s.CertKey))
	}
	return options, nil
}

// dialer connects until its context ends, and closes its connections then.
type dialer struct{ ctx context.Context }

// sendBuffer bounds what the kernel keeps of messages for a server that does not read: they
// are worth nothing when it does.
const sendBuffer = 256 << 10

// Dial is [nats.CustomDialer].
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, connectTimeout)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		if err := tcp.SetWriteBuffer(sendBuffer); err != nil {
			return nil, errors.Join(fmt.Errorf("set send buffer: %w", err), c.Close())
		}
	}
	return c, nil
}
