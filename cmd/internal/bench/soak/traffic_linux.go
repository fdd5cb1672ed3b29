package soak

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/nftables/expr"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// tick is how often frames are sent: what is due by then, at once.
const tick = 5 * time.Millisecond

// traffic sends frames to the host, while it is not paused, until it is stopped.
type traffic struct {
	ns    *netns.NS
	mix   mix
	rate  int
	quit  chan struct{}
	ended sync.WaitGroup

	sent   atomic.Uint64
	paused atomic.Bool
}

func startTraffic(ns *netns.NS, rate int) *traffic {
	t := &traffic{ns: ns, mix: newMix(), rate: rate, quit: make(chan struct{})}
	t.ended.Go(t.run)
	return t
}

func (t *traffic) stop() {
	close(t.quit)
	t.ended.Wait()
}

// run sends on whatever interface there is; there may be none for a while.
func (t *traffic) run() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		var s *flood.Sender
		err := t.ns.Do(func() (err error) {
			s, err = flood.Open(rig.Interface, t.mix.frames)
			return err
		})
		if err == nil {
			t.send(s, ticker.C)
			_ = s.Close() // nothing is written behind a return
		}
		select {
		case <-t.quit:
			return
		case <-ticker.C:
		}
	}
}

// send sends until it is told to end, or can't any more.
func (t *traffic) send(s *flood.Sender, ticks <-chan time.Time) {
	n := int(int64(t.rate) * int64(tick) / int64(time.Second))
	for {
		select {
		case <-t.quit:
			return
		case <-ticks:
		}
		if t.paused.Load() {
			continue
		}
		sent, err := s.Burst(n, t.mix.change)
		t.sent.Add(uint64(sent))
		if err != nil {
			return
		}
	}
}

// mix is what the traffic is made of.
type mix struct {
	frames [][]byte
	kinds  map[*byte]func([]byte) // how a frame is changed before it is sent again; nil: not at all
}

func newMix() mix {
	m := mix{kinds: map[*byte]func([]byte){}}
	server4, server6 := netip.MustParseAddrPort("203.0.113.80:443"), netip.MustParseAddrPort("[2001:db8:4::80]:443")
	for router, server := range map[netip.Addr]netip.AddrPort{router4: server4, router6: server6} {
		forged := flood.Forger{Target: server}.Frames(20)
		m.add(flood.Forge, forged...)
		m.add(junk, flood.Forger{Target: server}.Frames(6)...)
		m.add(nil, pipelinetest.PTB{Target: server.Addr(), Router: router}.Frame())
		m.add(nil, pipelinetest.PTB{Target: server.Addr(), Router: router, VLAN: 7}.Frame())
	}
	unrelated := make([]byte, 60)
	copy(unrelated, rig.HostMAC[:])
	unrelated[12], unrelated[13] = 0x88, 0xb5 // for experiments
	m.add(nil, unrelated, unrelated)
	rand.Shuffle(len(m.frames), func(i, j int) { m.frames[i], m.frames[j] = m.frames[j], m.frames[i] })
	return m
}

// Routers that send sound messages.
var (
	router4 = netip.MustParseAddr("203.0.113.1")
	router6 = netip.MustParseAddr("2001:db8:f::1")
)

// from matches the IPv4 packets of a router.
func from(router netip.Addr) []expr.Any {
	const source, length = 12, 4 // in the IPv4 header
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: source, Len: length},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: router.AsSlice()},
	}
}

func (m *mix) add(kind func([]byte), frames ...[]byte) {
	for _, f := range frames {
		m.frames = append(m.frames, f)
		m.kinds[&f[0]] = kind
	}
}

func (m *mix) change(frame []byte) {
	if kind := m.kinds[&frame[0]]; kind != nil {
		kind(frame)
	}
}

// junk changes some bytes behind the Ethernet header.
func junk(frame []byte) {
	for range 4 {
		frame[14+rand.IntN(len(frame)-14)] = byte(rand.Uint32())
	}
}
