package hearing

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Caller sends canaries. Its methods are safe for concurrent use.
type Caller struct {
	Ear *canary.Ear

	mu       sync.Mutex
	name     string
	interval time.Duration // 0: off
	since    time.Time     // canaries are on
	instance uint64
	sequence uint64
	changed  chan struct{} // holds one when settings were changed
}

// New returns a Caller that is off.
func New() *Caller { return &Caller{Ear: canary.NewEar(), changed: make(chan struct{}, 1)} }

// Set has the Caller go on with other settings: it sends at least as often as interval says, which 0 turns off,
// by a name; empty is the host's.
func (c *Caller) Set(interval time.Duration, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interval == 0 {
		c.since = time.Now()
	}
	if name == "" {
		name = hostName()
	}
	c.name, c.interval, c.instance, c.sequence = name, interval, rand.Uint64(), 0
	c.Ear.SetOwn(c.name, c.instance)
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// hostName returns the name of the host with characters that a canary can carry.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unnamed"
	}
	runes := []rune(name)
	for i, r := range runes {
		if canary.CheckName(string(r)) != nil {
			runes[i] = '-'
		}
	}
	return strings.TrimSuffix(string(runes[:min(len(runes), canary.MaxName)]), ".")
}

// Run sends canaries through pipelines until ctx is done.
func (c *Caller) Run(ctx context.Context, pipelines func() []*pipeline.Pipeline) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.changed:
		}
		if next := c.call(pipelines()); next > 0 {
			timer.Reset(next)
		}
	}
}

// call sends a canary through each sink and returns the time until the next, 0 for never.
func (c *Caller) call(pipelines []*pipeline.Pipeline) time.Duration {
	c.mu.Lock()
	m := canary.Message{Name: c.name, Instance: c.instance, Interval: c.interval}
	c.mu.Unlock()
	if m.Interval == 0 {
		return 0
	}
	m.Addresses = ownAddresses()
	for _, p := range pipelines {
		p.Announce(func() []pipeline.Packet { return c.packets(m) })
	}
	return m.Interval*8/10 + rand.N(m.Interval/10)
}

// packets returns canaries that nobody was sent before: what is the same packet is sent and taken once.
func (c *Caller) packets(m canary.Message) []pipeline.Packet {
	c.mu.Lock()
	c.sequence++
	m.Sequence = c.sequence
	c.mu.Unlock()
	now := time.Now()
	return []pipeline.Packet{
		pipeline.NewPacket(m.IPv4(), linklayer.Raw, now),
		pipeline.NewPacket(m.IPv6(), linklayer.Raw, now),
	}
}
