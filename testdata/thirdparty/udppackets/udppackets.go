// Package udppackets has the source `udp-packets`, which takes IP packets out of UDP
// datagrams, one of each: what a script, a router's mirror or another capture hands over.
package udppackets

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Settings of the source.
type Settings struct {
	Listen netip.AddrPort `setting:"listen" required:"true" example:"127.0.0.1:4700" doc:"address and UDP port to listen on; who can send there is believed, so take one that only trusted senders reach"`
}

// Plugin returns the source `udp-packets`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[Settings]{
		Type:    "udp-packets",
		Summary: "takes IP packets out of UDP datagrams",
		New:     New,
	})
}

// New returns the source.
func New(s Settings, _ pipeline.Env) (pipeline.Source, error) {
	if s.Listen.Port() == 0 {
		return nil, setting.Errorf("listen", "%v has no port", s.Listen)
	}
	return &source{listen: s.Listen}, nil
}

type source struct {
	listen netip.AddrPort
	conn   *net.UDPConn
}

// Needs names the family of its socket, and the port that nobody else may have.
func (s *source) Needs() pipeline.Needs {
	family := "AF_INET6"
	if s.listen.Addr().Unmap().Is4() {
		family = "AF_INET"
	}
	return pipeline.Needs{Families: []string{family}, Exclusive: []string{fmt.Sprintf("UDP %v", s.listen)}}
}

func (s *source) Open(context.Context) (err error) {
	s.conn, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(s.listen))
	return err
}

// Run delivers each packet with the time at which it was read. What the socket's buffer has
// no room for is lost.
func (s *source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	defer context.AfterFunc(ctx, func() { _ = s.conn.SetReadDeadline(time.Now()) })() // ends the read
	data, batch := make([]byte, 1<<16), make([]pipeline.Packet, 1)
	for {
		n, _, err := s.conn.ReadFromUDPAddrPort(data)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		batch[0] = pipeline.NewPacket(data[:n], linklayer.Raw, time.Now())
		deliver(batch)
	}
}

func (s *source) Close() error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}
