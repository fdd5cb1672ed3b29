package nflog_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/nflog"
)

// numbered returns a function that makes PTBs which differ in the quoted TCP
// sequence number: 0, 1, 2 and so on.
func numbered() (next func() []byte) {
	frame := pipelinetest.PTB{}.Frame()
	n := uint32(0)
	return func() []byte {
		binary.BigEndian.PutUint32(frame[numberOffset:], n)
		n++
		return frame
	}
}

// numberOffset is behind Ethernet, IP and ICMP header, the quoted IP header and
// the quoted ports.
const numberOffset = 14 + 20 + 8 + 20 + 4

func number(p pipeline.Packet) uint32 { return binary.BigEndian.Uint32(p.Data[numberOffset:]) }

// counted returns how many packets the rule has logged. It begins with a counter.
func counted(t *testing.T, ns *netns.NS, at hook) (n uint64) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		table := &nftables.Table{Family: at.family, Name: "test"}
		rules, err := c.GetRules(table, &nftables.Chain{Name: "log", Table: table})
		if err == nil {
			n = rules[0].Exprs[0].(*expr.Counter).Packets
		}
		return err
	}))
	return n
}

// TestEveryPacketIsAccountedFor floods sources that have little room.
func TestEveryPacketIsAccountedFor(t *testing.T) {
	const sent = 5000
	for _, tc := range []struct {
		name   string
		early  bool // the flood is over before the source runs
		change func(*nflog.Settings)
		lossy  bool
	}{
		{"room for all", true, func(s *nflog.Settings) { s.BufferSize = 64 << 20 }, false},
		{"little room, nobody reads", true, func(s *nflog.Settings) { s.BufferSize = 4096 }, true},
		{"little room, batches, nobody reads", true, func(s *nflog.Settings) { s.BufferSize, s.Threshold = 4096, 100 }, true},
		{"little room", false, func(s *nflog.Settings) { s.BufferSize = 4096 }, false},
		{"little room, batches", false, func(s *nflog.Settings) { s.BufferSize, s.Threshold = 4096, 100 }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lab := newLab(t)
			stayOnCPU(t)
			next := numbered()
			logRule(t, lab.host, input, &expr.Counter{})
			r := open(t, lab.host, tc.change)
			t.Cleanup(func() { netns.Must(t, r.stop()) })
			if !tc.early {
				r.run()
			}
			for range sent {
				lab.inject(t, next())
			}
			if tc.early {
				r.run()
			}
			balances := func() bool { return r.count()+r.source.Lost() == counted(t, lab.host, input) }
			// The next packet reports those that were lost before it. It takes its time to
			// come, and no other one may be under way then.
			poll(t, "account that balances", func() bool {
				lab.inject(t, next())
				return soon(balances)
			})
			if lost := r.source.Lost(); tc.lossy && lost == 0 || tc.early && !tc.lossy && lost != 0 {
				t.Errorf("%d packets lost", lost)
			}
			if text := r.log.String(); tc.lossy && !strings.Contains(text, "packets=1 total=1\n") {
				t.Errorf("the first word of the kernel is not logged at once:\n%s", text)
			}
			netns.Must(t, r.stop())
			if text := r.log.String(); tc.lossy && !strings.HasSuffix(text, fmt.Sprintf(" total=%d\n", r.source.Lost())) {
				t.Errorf("%d packets lost, logged\n%s", r.source.Lost(), text)
			}
			checkOrder(t, r.packets)
		})
	}
}

// stayOnCPU keeps the test's goroutine on one CPU. Each has a queue for what arrives by a veth
// pair, so packets that are sent on several may overtake each other.
func stayOnCPU(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	var may, one unix.CPUSet
	netns.Must(t, unix.SchedGetaffinity(0, &may))
	for cpu := 0; one.Count() == 0; cpu++ {
		if may.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	netns.Must(t, unix.SchedSetaffinity(0, &one))
}

// soon waits a while for a condition, and reports whether it holds.
func soon(is func() bool) bool {
	for range 200 {
		if is() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func checkOrder(t *testing.T, packets []pipeline.Packet) {
	for i := range packets[1:] {
		if a, b := number(packets[i]), number(packets[i+1]); a >= b {
			t.Fatalf("packet %d comes after packet %d", b, a)
		}
	}
}

// TestThresholdFollowsLoad looks at how many packets come at once.
func TestThresholdFollowsLoad(t *testing.T) {
	lab := newLab(t)
	logRule(t, lab.host, input)
	r := start(t, lab.host, nil)
	frame := pipelinetest.PTB{}.Frame()
	poll(t, "batch of several packets under load", func() bool {
		for range 1000 {
			lab.inject(t, frame)
		}
		return r.largestBatch(0) > 1
	})
	poll(t, "batches of one packet at rest", func() bool { return lab.largestOf(t, r, 2) == 1 })
}

// largestOf injects n frames and returns the size of the largest batch they came in.
func (l lab) largestOf(t *testing.T, r *recorder, n int) int {
	r.mu.Lock()
	batches, packets := len(r.batches), len(r.packets)
	r.mu.Unlock()
	for range n {
		l.inject(t, pipelinetest.PTB{}.Frame())
	}
	poll(t, "packets", func() bool { return r.count() >= uint64(packets+n) })
	return r.largestBatch(batches)
}

func TestFixedThreshold(t *testing.T) {
	lab := newLab(t)
	logRule(t, lab.host, input)
	r := start(t, lab.host, func(s *nflog.Settings) { s.Threshold, s.Timeout = 10, time.Hour })
	for range 3 {
		if n := lab.largestOf(t, r, 10); n != 10 {
			t.Errorf("the largest batch has %d packets, want 10", n)
		}
	}
}

func TestTimeout(t *testing.T) {
	for _, tc := range []struct {
		name              string
		timeout           time.Duration
		shortest, longest time.Duration
	}{
		{"0: the next timer interrupt", 0, 0, 900 * time.Millisecond}, // the kernel's default is 1 s
		{"rounded up", 91 * time.Millisecond, 95 * time.Millisecond, 10 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lab := newLab(t)
			logRule(t, lab.host, input)
			r := start(t, lab.host, func(s *nflog.Settings) { s.Threshold, s.Timeout = 100, tc.timeout })
			took := time.Hour
			for range 5 { // the machine may be busy
				before := time.Now()
				lab.largestOf(t, r, 1)
				took = min(took, time.Since(before))
			}
			if took < tc.shortest || took > tc.longest {
				t.Errorf("the fastest packet took %v, want %v to %v", took, tc.shortest, tc.longest)
			}
		})
	}
}

// TestOpenUnderFlood binds the group while packets are logged to it, which reach
// the socket before it is configured.
func TestOpenUnderFlood(t *testing.T) {
	lab := newLab(t)
	logRule(t, lab.host, input)
	var flood sync.WaitGroup
	stop := make(chan struct{})
	defer flood.Wait()
	defer close(stop)
	flood.Go(func() {
		frame := pipelinetest.PTB{}.Frame()
		for {
			select {
			case <-stop:
				return
			default:
				lab.inject(t, frame)
			}
		}
	})
	for range 50 {
		r := start(t, lab.host, nil)
		r.await(t, fromRouter)
		netns.Must(t, r.stop())
	}
	if port := bound(t, lab.host); port != "" {
		t.Errorf("the group is bound by %s after the source was closed", port)
	}
}
