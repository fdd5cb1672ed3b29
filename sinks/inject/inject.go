package inject

import (
	"context"
	"net/netip"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/seen"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Reasons of packets that were not injected.
const (
	NoPacket     pipeline.Reason = iota + 1 // it is no IP packet
	Truncated                               // the capture lacks bytes of it
	Repeated                                // the same packet was injected less than two seconds ago
	TooLong                                 // for the device's MTU
	NoDevice                                // of that name, or it can't be used
	DeviceDown                              // or the other end, or the interface that it passes
	QueueFull                               // of the device, or of the socket
	NotPermitted                            // for example by a security module
	SendError                               // any other
)

// Settings of the sink.
type Settings struct {
	Device  setting.InterfaceName `setting:"device" example:"pmtud0" doc:"name of the device at which packets arrive, at most 14 characters if it is created"`
	Create  bool                  `setting:"create" example:"false" doc:"create the device, and remove it at the end; otherwise it must exist: one end of a veth pair, or lo"`
	Address netip.Prefix          `setting:"address" pattern:"^[0-9.]+/[0-9]+$" example:"169.254.77.1/32" doc:"IPv4 address of the device, if it is created"`
	AsFrom  setting.InterfaceName `setting:"as_from" pattern:"^([^/: ]{1,15})?$" example:"eth0" doc:"interface through whose ingress packets pass: tc and eBPF programs, firewall rules; empty for none"`
	TTL     uint8                 `setting:"ttl" min:"2" max:"255" example:"2" doc:"highest TTL or hop limit where no policy rules keep packets off the default route"`
	Mark    uint32                `setting:"mark" max:"4294967295" example:"45" doc:"mark (SO_MARK) by which the policy rules recognise packets with as_from; each sink has its own; 0 for no rules"`
	DryRun  bool                  `setting:"dry_run" example:"true" doc:"do everything but create the device and send"`
}

// guardedTTL is the highest TTL of packets that the guard keeps from the default route. The
// hops of all known data planes fit.
const guardedTTL = 8

// Plugin returns the sink `inject`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "inject",
		Summary: "hands packets to the host's own network stack; needs CAP_NET_RAW and CAP_NET_ADMIN",
		Reasons: pipeline.Reasons{
			NoPacket:     {Name: "no-packet", Doc: "it is not an IP packet", PacketFault: true},
			Truncated:    {Name: "truncated", Doc: "only part of it was captured", PacketFault: true},
			Repeated:     {Name: "repeated", Doc: "the same packet was injected less than two seconds ago", PacketFault: true},
			TooLong:      {Name: "too-long", Doc: "it is longer than the device's MTU allows", PacketFault: true},
			NoDevice:     {Name: "no-device", Doc: "the device does not exist, or cannot be used"},
			DeviceDown:   {Name: "device-down", Doc: "the device is down, or the interface that packets have to pass"},
			QueueFull:    {Name: "queue-full", Doc: "the queue of the device or of the socket is full"},
			NotPermitted: {Name: "not-permitted", Doc: "the kernel forbids it, for example through a security module"},
			SendError:    {Name: "send-error", Doc: "any other send error"},
		},
		Reach: pipeline.ReachHost,
		Defaults: Settings{
			Device: "pmtud0", Create: true, TTL: 3, Mark: 45,
			Address: netip.MustParsePrefix("169.254.77.1/32"),
		},
		New: New,
	})
}

// New returns the sink, a [pipeline.DryRunner]. The device is one of the network namespace of
// the thread that opens the sink.
func New(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return &sink{
		Settings: s,
		sent:     seen.Recent(),
		arrived:  env.Arrived,
		host:     newHost(s, env.Log.With("device", string(s.Device))),
	}, nil
}

func (s *Settings) check() error {
	if s.Device == "" {
		return setting.Errorf("device", "is empty")
	}
	if s.Create && len(otherEnd(s.Device)) > maxDeviceName {
		return setting.Errorf("device", "%q leaves no room for the name of its other end, which adds an x", s.Device)
	}
	if s.Create && s.Device == "lo" {
		return setting.Errorf("device", "lo can't be created; write create: false")
	}
	if !s.Address.IsValid() || !s.Address.Addr().Is4() {
		return setting.Errorf("address", "must be an IPv4 address with its prefix length, such as 169.254.77.1/32")
	}
	return s.checkAsFrom()
}

func (s *Settings) checkAsFrom() error {
	if s.AsFrom == "" {
		return nil
	}
	if !s.Create {
		return setting.Errorf("as_from", "needs a device that pmtud creates; remove create: false")
	}
	if s.AsFrom == s.Device || s.AsFrom == otherEnd(s.Device) || s.AsFrom == "lo" {
		return setting.Errorf("as_from", "must be an interface at which the routers' packets arrive, not %s", s.AsFrom)
	}
	return nil
}

// mark returns the mark of frames, 0 if they have none.
func (s *Settings) mark() uint32 {
	if s.AsFrom == "" {
		return 0
	}
	return s.Mark
}

// maxDeviceName is the length of the longest name of an interface (IFNAMSIZ less one).
const maxDeviceName = 15

// otherEnd returns the name of the end of the pair that frames are sent into.
func otherEnd[S ~string](device S) S { return device + "x" }

type sink struct {
	Settings
	frames  framer
	sent    *seen.Memory // what was injected here
	arrived *seen.Memory
	host    *host
}

// Open makes the device or finds it, and opens the socket. A dry run needs neither.
func (s *sink) Open(context.Context) error {
	if s.Settings.DryRun {
		return nil
	}
	return s.host.open()
}

// Deliver sends the packets' frames into the device. It never waits.
func (s *sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	to, now := s.host.port(), time.Now()
	for i, p := range batch {
		failed[i] = s.inject(p, to, now)
	}
}

// inject sends a packet at the host's time.
func (s *sink) inject(p *pipeline.Packet, to *port, at time.Time) pipeline.Reason {
	ip, reason := packetOf(p)
	if reason != pipeline.Pass {
		return reason
	}
	now, digest := int64(p.Clock), s.sent.Packet(ip.Bytes)
	if s.sent.Has(digest, now) {
		return Repeated
	}
	if !s.Settings.DryRun {
		reason = s.send(ip, to, at)
	}
	if reason == pipeline.Pass && goesOn(ip) {
		s.sent.Add(digest, now)
	}
	return reason
}

// goesOn reports whether a packet may be forwarded. One with the last hop left reaches sockets of
// this host only: it is not remembered, lest it keep out the whole message that a peer sends.
func goesOn(ip wire.IP) bool { return ip.TTL() > 1 }

// send notes that the packet has arrived before others can see it.
func (s *sink) send(ip wire.IP, to *port, at time.Time) pipeline.Reason {
	if to.unusable != pipeline.Pass {
		return to.unusable
	}
	if goesOn(ip) {
		s.arrived.Add(s.arrived.Packet(ip.Bytes), at.UnixNano())
	}
	return s.host.send(to, s.frames.frame(ip, to.mac, to.ttl(ip)))
}

// DryRun is [pipeline.DryRunner]: it records the frame. The device's address is not known,
// hence zero. The guard counts as set if it can be.
func (s *sink) DryRun(p *pipeline.Packet, record func(linklayer.Type, []byte)) pipeline.Reason {
	ip, reason := packetOf(p)
	if reason != pipeline.Pass {
		return reason
	}
	now, digest := int64(p.Clock), s.sent.Packet(ip.Bytes)
	if s.sent.Has(digest, now) {
		return Repeated
	}
	if goesOn(ip) {
		s.sent.Add(digest, now)
	}
	if !s.Settings.DryRun {
		record(linklayer.Ethernet, s.frames.frame(ip, [macLen]byte{}, s.maxTTL(true)))
	}
	return pipeline.Pass
}

// maxTTL returns the highest TTL of packets, with the guard or without.
func (s *Settings) maxTTL(guarded bool) uint8 {
	if guarded && s.Create && s.AsFrom == "" {
		return max(s.TTL, guardedTTL)
	}
	return s.TTL
}

// Health is [pipeline.HealthChecker]: it is about what would stop packets on their way into the
// stack.
func (s *sink) Health() error { return s.host.complaint() }

// Flush does nothing: Deliver keeps nothing back.
func (s *sink) Flush() {}

// Close removes what Open made.
func (s *sink) Close() error { return s.host.close() }
