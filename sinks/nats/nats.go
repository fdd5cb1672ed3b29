package nats

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/seen"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/pipeline/whole"
)

// Reasons of packets that were not published, behind those of package whole.
const (
	NoServer   = whole.Last + 1 + iota // there is no connection to a server
	TooLarge                           // the server takes no message that long
	SendFailed                         // the connection failed
)

// Settings of the sink.
type Settings struct {
	natslink.Settings
	DryRun bool `setting:"dry_run" example:"true" doc:"do everything but connect and publish"`
}

// Plugin returns the sink `nats`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "nats",
		Summary: "publishes whole messages over NATS, for hosts of all sites",
		Reasons: whole.Reasons(pipeline.Reasons{
			NoServer:   {Name: "no-server", Doc: "there is no connection to a NATS server"},
			TooLarge:   {Name: "too-large", Doc: "the server accepts no message that long; see its max_payload"},
			SendFailed: {Name: "send-failed", Doc: "the connection to the server failed"},
		}),
		Metrics:  natslink.Metrics(),
		Reach:    pipeline.ReachNetwork,
		Defaults: Settings{Settings: natslink.Settings{Subject: natslink.DefaultSubject}},
		New:      New,
	})
}

// New returns a [Sink].
func New(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	writer, err := natslink.NewWriter(&s.Settings)
	if err != nil {
		return nil, setting.Errorf("key", "%w", err)
	}
	return &Sink{
		Link: natslink.New(natslink.Config{
			Settings: s.Settings, Name: "pmtud " + env.Pipeline + "/" + env.Stage, Log: env.Log,
		}),
		settings:  s,
		writer:    writer,
		published: env.Published,
		packets:   whole.New(),
		message:   make([]byte, 0, sealed.MaxPacket+natslink.Overhead),
		subjects:  map[netip.Addr]string{},
	}, nil
}

// Sink publishes. It is a [pipeline.Measurer] and [pipeline.HealthChecker], too.
type Sink struct {
	*natslink.Link
	settings  Settings
	writer    *natslink.Writer
	published *seen.Memory
	packets   *whole.Packets
	message   []byte                // of the packet at hand
	subjects  map[netip.Addr]string // of targets; the zero one is for a subject without
}

// Needs is [pipeline.HostUser].
func (s *Sink) Needs() pipeline.Needs {
	if s.settings.DryRun {
		return pipeline.Needs{}
	}
	return s.settings.Needs()
}

// Open begins to connect. That no server answers is no error: it is logged, and tried again
// in the background.
func (s *Sink) Open(ctx context.Context) error {
	if s.settings.DryRun {
		return nil
	}
	return s.Link.Open(ctx)
}

// Deliver publishes each packet.
func (s *Sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	now := time.Now()
	for i, p := range batch {
		failed[i] = s.deliver(p, now)
	}
}

func (s *Sink) deliver(p *pipeline.Packet, now time.Time) pipeline.Reason {
	if r := whole.Check(p); r != pipeline.Pass {
		return r
	}
	conn := s.Conn()
	if conn == nil && !s.settings.DryRun {
		return NoServer // and the next copy is no repetition
	}
	packet, r := s.packets.Next(p)
	if r != pipeline.Pass || s.settings.DryRun {
		return r
	}
	s.published.Add(s.published.Packet(packet), now.UnixNano())
	s.message = s.writer.Append(s.message[:0], packet, now)
	return reasonOf(conn.Publish(s.subject(p.Target()), s.message))
}

func reasonOf(err error) pipeline.Reason {
	switch {
	case err == nil:
		return pipeline.Pass
	case errors.Is(err, nats.ErrMaxPayload):
		return TooLarge
	case errors.Is(err, nats.ErrConnectionClosed):
		return NoServer
	}
	return SendFailed
}

// maxSubjects bounds what is remembered. A host has few addresses that messages are sent to.
const maxSubjects = 1024

// subject returns the subject of a message to the address.
func (s *Sink) subject(target netip.Addr) string {
	if !s.settings.Subject.HasTarget() {
		target = netip.Addr{}
	}
	subject, ok := s.subjects[target]
	if !ok {
		if len(s.subjects) == maxSubjects {
			clear(s.subjects)
		}
		subject = s.settings.Subject.For(target)
		s.subjects[target] = subject
	}
	return subject
}

// DryRun is [pipeline.DryRunner]: it records the packet that would be published.
func (s *Sink) DryRun(p *pipeline.Packet, record func(linklayer.Type, []byte)) pipeline.Reason {
	packet, r := s.packets.Next(p)
	if r == pipeline.Pass && !s.settings.DryRun {
		record(linklayer.Raw, packet)
	}
	return r
}

// Flush does nothing: a goroutine of the connection sends what is written at once.
func (s *Sink) Flush() {}
