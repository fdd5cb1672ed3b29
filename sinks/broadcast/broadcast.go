package broadcast

import (
	"context"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Reasons of packets that were not sent.
const (
	NotPTB           pipeline.Reason = iota + 1 // no PTB, and any_packet is not set
	AlreadyBroadcast                            // the link layer sent it to several hosts: it may be a copy
	Truncated                                   // the capture lacks bytes of it
	NoFrame                                     // it cannot be made into a frame: it is too short, or not IP
	FrameTooLong                                // for the interface's MTU
	QueueFull                                   // of the interface, or of the socket; or a rule on egress drops frames
	InterfaceDown                               // or without carrier
	NoInterface                                 // of that name
	NotPermitted                                // for example by a security module
	SendError                                   // any other
)

// Settings of the sink.
type Settings struct {
	Interface setting.InterfaceName `setting:"interface" required:"true" example:"eth0" doc:"name of the interface to send on"`
	SourceMAC SourceMAC             `setting:"source_mac" enum:"captured-destination,captured-source,interface" example:"interface" doc:"source address of the frames: captured-destination is this host's as the router knows it, so the interface's own, whatever the frame was sent to"`
	AnyPacket bool                  `setting:"any_packet" example:"true" doc:"also send packets that are not PTBs: whatever reaches the sink goes to every host of the LAN"`
	DryRun    bool                  `setting:"dry_run" example:"true" doc:"do everything but send"`
}

// Plugin returns the sink `broadcast`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "broadcast",
		Summary: "sends PTBs to all hosts of a LAN; needs CAP_NET_RAW",
		Reasons: pipeline.Reasons{
			NotPTB:           {Name: "not-ptb", Doc: "the packet is not a PTB, and any_packet is not set", PacketFault: true},
			AlreadyBroadcast: {Name: "already-broadcast", Doc: "the frame was sent to a broadcast or multicast address, so it may be a copy", PacketFault: true},
			Truncated:        {Name: "truncated", Doc: "only part of it was captured", PacketFault: true},
			NoFrame:          {Name: "no-frame", Doc: "it cannot be made into a frame: it is too short, or not IP", PacketFault: true},
			FrameTooLong:     {Name: "frame-too-long", Doc: "it is longer than the interface's MTU allows", PacketFault: true},
			QueueFull:        {Name: "queue-full", Doc: "the queue of the interface or of the socket is full, or a rule on egress drops frames"},
			InterfaceDown:    {Name: "interface-down", Doc: "the interface is down or has no carrier"},
			NoInterface:      {Name: "no-interface", Doc: "there is no interface with that name"},
			NotPermitted:     {Name: "not-permitted", Doc: "the kernel forbids it, for example through a security module"},
			SendError:        {Name: "send-error", Doc: "any other send error"},
		},
		Reach:    pipeline.ReachNetwork,
		Defaults: Settings{SourceMAC: CapturedDestination},
		New:      New,
	})
}

// New returns the sink, a [pipeline.DryRunner]. The interface is one of the network
// namespace of the thread that opens it.
func New(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	return &sink{
		Settings: s,
		frames:   framer{source: s.SourceMAC, any: s.AnyPacket},
		sender:   newSender(string(s.Interface), env.Log.With("interface", string(s.Interface))),
	}, nil
}

type sink struct {
	Settings
	frames framer
	sender *sender
}

// Open opens the socket, also for a dry run.
func (s *sink) Open(context.Context) error { return s.sender.open() }

// Deliver sends the packets' frames. It never waits: what finds no room is not
// sent.
func (s *sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	var there bool
	s.frames.mac, there = s.sender.look()
	s.frames.live = true
	for i, p := range batch {
		frame, reason := s.frames.frame(p)
		switch {
		case reason != pipeline.Pass || s.Settings.DryRun:
		case !there:
			reason = NoInterface
		default:
			reason = s.sender.send(frame)
		}
		failed[i] = reason
	}
}

// DryRun is [pipeline.DryRunner]: it records the frame. The interface's own
// address is not known, hence zero; each frame counts as sent to it.
func (s *sink) DryRun(p *pipeline.Packet, record func(linklayer.Type, []byte)) pipeline.Reason {
	frame, reason := s.frames.frame(p)
	if reason == pipeline.Pass && !s.Settings.DryRun {
		record(linklayer.Ethernet, frame)
	}
	return reason
}

// Health is [pipeline.HealthChecker]: it is about the interface. A dry run needs none.
func (s *sink) Health() error {
	if s.Settings.DryRun {
		return nil
	}
	return s.sender.complaint()
}

// Flush does nothing: Deliver keeps nothing back.
func (s *sink) Flush() {}

// Close closes the socket.
func (s *sink) Close() error { return s.sender.close() }
