package peers

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// Reasons of packets that reached no peer.
const (
	NotPTB     pipeline.Reason = iota + 1 // no PTB, or one without a sound IP header
	Truncated                             // the capture lacks octets, or the ICMP header is cut
	TTLExpired                            // the TTL or hop limit was 1 or 0
	FromPeer                              // a peer sent it, or this host did to a peer
	NoPeers                               // no peer has an address of the message's family
	SendFailed                            // every send failed; see [Sink.Counters]
)

// Settings of the sink.
type Settings struct {
	Addresses []Address     `setting:"addresses" required:"true" pattern:"^[0-9A-Za-z._:-]+$" example:"192.0.2.11,2001:db8:1::11,web.example.net" doc:"IPv4 and IPv6 addresses and host names of the peers; this host's own addresses and duplicates are skipped"`
	DryRun    bool          `setting:"dry_run" example:"true" doc:"do everything but send; needs no privileges"`
	Refresh   time.Duration `setting:"refresh" min:"1s" max:"24h" example:"30s" doc:"how often host names and this host's own addresses are looked up again"`
}

// Plugin returns the sink `peers`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "peers",
		Summary: "sends messages to a list of hosts by normal routing",
		Reasons: []pipeline.ReasonInfo{
			{Name: "not-ptb", Doc: "the packet is no PTB, or has no sound IP header", Unfit: true},
			{Name: "truncated", Doc: "the capture lacks octets of it, or the ICMP header is cut", Unfit: true},
			{Name: "ttl-expired", Doc: "its TTL or hop limit was 1 or 0", Unfit: true},
			{Name: "from-peer", Doc: "a peer sent it, or this host did to a peer", Unfit: true},
			{Name: "no-peers", Doc: "no peer has an address of its family", Unfit: true},
			{Name: "send-failed", Doc: "every send failed; see the counters of each peer"},
		},
		Metrics:  metrics(),
		Reach:    pipeline.ReachNetwork,
		Defaults: Settings{Refresh: 30 * time.Second},
		New:      New,
	})
}

// New returns a [Sink].
func New(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	sink := &Sink{dryRun: s.DryRun, refresh: s.Refresh, log: env.Log, stop: func() {}}
	for i, a := range s.Addresses {
		p := newPeer(a)
		p.again = slices.Contains(s.Addresses[:i], a)
		sink.peers = append(sink.peers, p)
	}
	sink.plan.Store(new(plan))
	return sink, nil
}

// Sink sends to peers. It is a [pipeline.Measurer], too.
type Sink struct {
	dryRun  bool
	refresh time.Duration
	log     *slog.Logger

	peers   []*peer              // in the order of the list
	sockets sockets              // of Deliver
	plan    atomic.Pointer[plan] // written by update, read by Deliver

	// Used by update, so by Open and then by the goroutine alone.
	built   inputs
	skipped []string

	lookUpError atomic.Pointer[error] // written by update

	stop func() // ends the goroutine and waits for it

	rehearsal *rehearsal // made when first needed
}

// Open opens the sockets and looks up names and own addresses. A name that can't
// be looked up is no error: it is logged, and tried again in the background.
func (s *Sink) Open(ctx context.Context) error {
	if !s.dryRun {
		if err := s.sockets.open(s.families()); err != nil {
			return err
		}
	}
	if err := s.firstUpdate(ctx); err != nil {
		return err
	}
	s.stop = s.startUpdates()
	return nil
}

// families reports for which address families messages may have to be sent.
func (s *Sink) families() (f families) {
	for _, p := range s.peers {
		f.ipv4 = f.ipv4 || p.IP.Is4() || p.Name != ""
		f.ipv6 = f.ipv6 || p.IP.Is6() || p.Name != ""
	}
	return f
}

// Deliver sends each message to the peers of its family.
func (s *Sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	for i, p := range batch {
		failed[i] = s.deliver(p)
	}
}

func (s *Sink) deliver(p *pipeline.Packet) pipeline.Reason {
	if r := unfit(p); r != pipeline.Pass {
		return r
	}
	plan := s.plan.Load()
	if plan.fromPeer(p.Router(), p.Target()) {
		return FromPeer
	}
	ttl := hopLimit(p)
	if ttl <= 1 {
		return TTLExpired
	}
	f, socket := plan.ipv4, s.sockets.ipv4
	if p.PTB == 6 {
		f, socket = plan.ipv6, s.sockets.ipv6
	}
	if f == nil {
		return NoPeers
	}
	if s.send(socket, f, message(p), ttl-1) == 0 {
		return SendFailed
	}
	return pipeline.Pass
}

// send sends to each peer of f and returns how many got it.
func (s *Sink) send(socket *socket, f *fanout, message []byte, ttl uint8) (sent int) {
	if s.dryRun {
		f.countSent(0, len(f.peers))
		return len(f.peers)
	}
	f.load(message, ttl)
	defer f.unload()
	for next := 0; next < len(f.peers); {
		n, why := socket.send(f, next)
		f.countSent(next, n)
		sent += n
		next += n
		if n == 0 {
			f.peers[next].failed[why].Add(1)
			next++
		}
	}
	return sent
}

// Flush does nothing: Deliver keeps nothing back.
func (s *Sink) Flush() {}

// Close ends the look-ups, closes the sockets and logs which peers missed
// messages.
func (s *Sink) Close() error {
	s.stop()
	s.stop = func() {}
	s.logFailures()
	return s.sockets.close()
}
