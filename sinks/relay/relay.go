package relay

import (
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/pipeline/whole"
)

// Reasons of packets that reached no peer, behind those of package whole.
const (
	FromPeer   = whole.Last + 1 + iota // its router is a peer, or this host in a message to a peer
	NoPeers                            // no peer has an address
	SendFailed                         // every send failed
)

// Settings of the sink.
type Settings struct {
	Peers    []peerlist.Address `setting:"peers" required:"true" example:"192.0.2.11,2001:db8:1::11,fe80::2%eth0,pmtud.example.net" doc:"addresses and host names of the peers, link-local addresses with their interface; this host's own addresses and duplicates are skipped"`
	Port     uint16             `setting:"port" min:"1" example:"4821" doc:"UDP port that the peers listen on"`
	Key      []string           `setting:"key" secret:"true" example:"a-secret-of-your-own" doc:"secret texts of at least 16 bytes that all hosts share; the first one seals"`
	Insecure bool               `setting:"insecure" example:"true" doc:"work without a key: anyone who can send to the peers can then forge messages"`
	DryRun   bool               `setting:"dry_run" example:"true" doc:"do everything but send"`
	Refresh  time.Duration      `setting:"refresh" min:"1s" max:"24h" example:"30s" doc:"how often host names are looked up again"`
}

// DefaultPort is the UDP port of relays.
const DefaultPort = 4821

// Plugin returns the sink `relay`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "relay",
		Summary: "sends whole messages, sealed in UDP datagrams, to a list of hosts",
		Reasons: whole.Reasons(pipeline.Reasons{
			FromPeer:   {Name: "from-peer", Doc: "its router is a peer, whose data plane has translated it for this host", PacketFault: true},
			NoPeers:    {Name: "no-peers", Doc: "no peer has an address", PacketFault: true},
			SendFailed: {Name: "send-failed", Doc: "every send failed; see the counters of each peer"},
		}),
		Metrics:  peerlist.Metrics(),
		Reach:    pipeline.ReachNetwork,
		Defaults: Settings{Port: DefaultPort, Refresh: 30 * time.Second},
		New:      New,
	})
}

// New returns a [Sink].
func New(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	keys, err := sealed.Keys(s.Key, s.Insecure)
	if err != nil {
		return nil, setting.Errorf("key", "%w", err)
	}
	c := peerlist.Config{
		Addresses: s.Peers, Refresh: s.Refresh, Port: s.Port, Protocol: protocol, OneFamily: true, Log: env.Log,
	}
	if s.DryRun {
		c.Protocol = nil
	}
	return &Sink{
		List:     peerlist.New(c),
		settings: s,
		sealer:   sealed.NewSealer(keys[0]),
		packets:  whole.New(),
		datagram: make([]byte, 0, sealed.MaxPacket+sealed.Overhead),
	}, nil
}

// Sink sends to peers. It is a [pipeline.Measurer] and [pipeline.HealthChecker], too.
type Sink struct {
	*peerlist.List
	settings Settings
	sealer   *sealed.Sealer
	packets  *whole.Packets
	datagram []byte // of the packet at hand
}

// Deliver sends each packet to all peers.
func (s *Sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	now := time.Now()
	for i, p := range batch {
		failed[i] = s.deliver(p, now)
	}
}

func (s *Sink) deliver(p *pipeline.Packet, now time.Time) pipeline.Reason {
	packet, r := s.packets.Next(p)
	if r != pipeline.Pass {
		return r
	}
	plan := s.Plan()
	switch {
	case plan.FromPeer(p.Router(), p.Target()):
		return FromPeer
	case plan.IPv4 == nil && plan.IPv6 == nil:
		return NoPeers
	case s.settings.DryRun:
		plan.IPv4.Pretend()
		plan.IPv6.Pretend()
		return pipeline.Pass
	}
	s.datagram = s.sealer.Seal(s.datagram[:0], packet, now)
	if plan.IPv4.Send(s.Sockets.IPv4, s.datagram, 0)+plan.IPv6.Send(s.Sockets.IPv6, s.datagram, 0) == 0 {
		return SendFailed
	}
	return pipeline.Pass
}

// DryRun is [pipeline.DryRunner]: it records the packet that would be sealed, once.
func (s *Sink) DryRun(p *pipeline.Packet, record func(linklayer.Type, []byte)) pipeline.Reason {
	packet, r := s.packets.Next(p)
	if r == pipeline.Pass && !s.settings.DryRun {
		record(linklayer.Raw, packet)
	}
	return r
}

// Flush does nothing: Deliver keeps nothing back.
func (s *Sink) Flush() {}
