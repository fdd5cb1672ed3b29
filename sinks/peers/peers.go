package peers

import (
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/seen"
)

// Reasons of packets that reached no peer.
const (
	NotPTB     pipeline.Reason = iota + 1 // no PTB, or one without a sound IP header
	Truncated                             // the capture lacks bytes, or the ICMP header is cut
	TTLExpired                            // the TTL or hop limit was 1 or 0
	FromPeer                              // a peer sent it, or this host sent it to a peer
	NoPeers                               // no peer has an address of the message's family
	SendFailed                            // every send failed; see [Sink.Counters]
	WentRound                             // it came back, with a lower TTL or hop limit
)

// Settings of the sink.
type Settings struct {
	Addresses []peerlist.Address `setting:"addresses" required:"true" example:"192.0.2.11,2001:db8:1::11,fe80::2%eth0,web.example.net" doc:"addresses and host names of the peers, link-local addresses with their interface; this host's own addresses and duplicates are skipped"`
	DryRun    bool               `setting:"dry_run" example:"true" doc:"do everything but send; needs no privileges"`
	Refresh   time.Duration      `setting:"refresh" min:"1s" max:"24h" example:"30s" doc:"how often host names are looked up again"`
	Unlimited bool               `setting:"unlimited" example:"true" doc:"work without a limit such as iface-rate before it: a flood to this host then becomes a flood to every peer"`
}

// Plugin returns the sink `peers`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "peers",
		Summary: "sends messages to a list of hosts by normal routing",
		Reasons: pipeline.Reasons{
			NotPTB:     {Name: "not-ptb", Doc: "the packet is not a PTB, or its IP header is broken", PacketFault: true},
			Truncated:  {Name: "truncated", Doc: "only part of it was captured, or the ICMP header is cut", PacketFault: true},
			TTLExpired: {Name: "ttl-expired", Doc: "its TTL or hop limit was 1 or 0", PacketFault: true},
			FromPeer:   {Name: "from-peer", Doc: "a peer sent it, or this host sent it to a peer", PacketFault: true},
			NoPeers:    {Name: "no-peers", Doc: "no peer has an address of its family", PacketFault: true},
			SendFailed: {Name: "send-failed", Doc: "every send failed; see the counters of each peer"},
			WentRound:  {Name: "went-round", Doc: "the same message passed less than two seconds before, with a higher TTL or hop limit: it looped", PacketFault: true},
		},
		Metrics:  peerlist.Metrics(),
		Reach:    pipeline.ReachNetwork,
		Defaults: Settings{Refresh: 30 * time.Second},
		New:      New,
	})
}

// New returns a [Sink].
func New(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	c := peerlist.Config{Addresses: s.Addresses, Refresh: s.Refresh, Protocol: protocol, HopLimit: true, Log: env.Log}
	if s.DryRun {
		c.Protocol = nil
	}
	return &Sink{List: peerlist.New(c), settings: s, seen: seen.Recent()}, nil
}

// Sink sends to peers. It is a [pipeline.Measurer] and [pipeline.HealthChecker], too.
type Sink struct {
	*peerlist.List
	settings Settings
	seen     *seen.Memory // of ICMP messages, with the TTL that they came with

	rehearsal *rehearsal // made when first needed
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
	plan, ttl := s.Plan(), p.IP().TTL()
	wentRound := s.wentRound(p)
	switch {
	case plan.FromPeer(p.Router(), p.Target()) || isCopy(plan, p):
		return FromPeer
	case ttl <= 1:
		return TTLExpired
	case wentRound:
		return WentRound
	}
	return s.send(plan, p, ttl-1)
}

func (s *Sink) send(plan *peerlist.Plan, p *pipeline.Packet, ttl uint8) pipeline.Reason {
	peers, socket := plan.IPv4, s.Sockets.IPv4
	if p.PTB == 6 {
		peers, socket = plan.IPv6, s.Sockets.IPv6
	}
	switch {
	case peers == nil:
		return NoPeers
	case s.settings.DryRun:
		peers.Pretend()
	case peers.Send(socket, message(p), ttl) == 0:
		return SendFailed
	}
	return pipeline.Pass
}

// Flush does nothing: Deliver keeps nothing back.
func (s *Sink) Flush() {}
