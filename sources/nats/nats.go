package nats

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Settings of the source.
type Settings struct {
	natslink.Settings
	Targets []prefixset.Prefix `setting:"targets" pattern:"^[0-9a-fA-F.:]+(/[0-9]+)?$" example:"203.0.113.80,2001:db8:4::80" doc:"addresses to receive messages for, if the subject contains {target}; prefixes must end between tokens; all if empty"`
	MaxAge  time.Duration      `setting:"max_age" min:"100ms" max:"2m" example:"5s" doc:"maximum age of a message, by this host's clock"`
}

// DefaultMaxAge leaves room for clocks that differ.
const DefaultMaxAge = 5 * time.Second

// Plugin returns the source `nats`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[Settings]{
		Type:    "nats",
		Summary: "receives whole messages that hosts of all sites publish over NATS",
		Metrics: metrics(),
		Defaults: Settings{
			Settings: natslink.Settings{Subject: natslink.DefaultSubject}, MaxAge: DefaultMaxAge,
		},
		New: New,
	})
}

// New returns the source, a [pipeline.LossySource], [pipeline.Measurer] and
// [pipeline.HealthChecker].
func New(s Settings, env pipeline.Env) (pipeline.Source, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	subjects, err := s.Subject.Subscriptions(s.Targets)
	if err != nil {
		return nil, setting.Errorf("targets", "%w", err)
	}
	reader, err := natslink.NewReader(&s.Settings, s.MaxAge)
	if err != nil {
		return nil, setting.Errorf("key", "%w", err)
	}
	out := &source{
		settings: s, subjects: subjects,
		receiver: receiver{reader: reader, published: env.Published, arrived: env.Arrived, log: env.Log},
		messages: make(chan *nats.Msg, batchLen),
		done:     make(chan struct{}),
	}
	out.finish = sync.OnceFunc(func() { close(out.done) })
	out.Link = natslink.New(natslink.Config{
		Settings: s.Settings, Name: "pmtud " + env.Pipeline + "/" + env.Stage, Log: env.Log, Connected: out.subscribe,
	})
	return out, nil
}

// batchLen is the number of packets that are delivered at once.
const batchLen = 64

type source struct {
	*natslink.Link
	receiver
	settings Settings
	subjects []string // to subscribe to

	subscriptions subscriptions
	messages      chan *nats.Msg
	done          chan struct{} // closed when nobody takes messages any more
	finish        func()        // closes it
	out           [batchLen]pipeline.Packet
}

// Needs is [pipeline.HostUser].
func (s *source) Needs() pipeline.Needs { return s.settings.Needs() }

func (s *source) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case m := <-s.messages:
			s.pass(m, deliver)
		}
	}
}

// pass delivers the packets of a message and of those that wait behind it.
func (s *source) pass(m *nats.Msg, deliver func([]pipeline.Packet)) {
	now := time.Now()
	passed := 0
	for taken := 1; ; taken++ {
		if s.receive(&s.out[passed], m.Data, now) {
			passed++
		}
		if taken == batchLen {
			break
		}
		select {
		case m = <-s.messages:
			continue
		default:
		}
		break
	}
	if passed > 0 {
		deliver(s.out[:passed])
	}
}

func (s *source) Close() error {
	s.finish()
	return s.Link.Close()
}
