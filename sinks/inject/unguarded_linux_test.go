package inject_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestUnguarded has somebody delete the rules of one family again and again: until they are back
// for good, its packets have the TTL of those that nothing else keeps from going round.
func TestUnguarded(t *testing.T) {
	for _, tt := range []struct {
		name, other string
		family      int
	}{{"IPv4", "IPv6", unix.AF_INET}, {"IPv6", "IPv4", unix.AF_INET6}} {
		t.Run(tt.name, func(t *testing.T) {
			host := newHost(t)
			sink, log := open(t, host, nil)
			device := newTap(t, host, "pmtud0")
			stop, stopped := make(chan struct{}), make(chan error)
			go func() { stopped <- host.Do(func() error { return deleteRules(tt.family, stop) }) }()
			awaitTTL(t, sink, device, plans[tt.name], 3)
			awaitTTL(t, sink, device, plans[tt.other], 8)
			if text := log.String(); !strings.Contains(text, "only their TTL keeps packets from looping") || !strings.Contains(text, "family="+tt.name+" ttl=3") || strings.Contains(text, tt.other) {
				t.Errorf("log says\n%s", text)
			}
			close(stop)
			netns.Must(t, <-stopped)
			awaitTTL(t, sink, device, plans[tt.name], 8)
		})
	}
}

// deleteRules deletes the black hole of the guard of a family whenever it is there.
func deleteRules(family int, stop chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(time.Millisecond):
		}
		rules, err := netlink.RuleList(family)
		if err != nil {
			return err
		}
		for _, r := range rules {
			if r.Priority == 12 {
				_ = netlink.RuleDel(&r) // it may have gone meanwhile
			}
		}
	}
}

// awaitTTL injects messages until one arrives with that TTL.
func awaitTTL(t *testing.T, sink pipeline.Sink, device tap, p plan, want uint8) {
	t.Helper()
	var id uint16
	await(t, func() error {
		id++
		m := message{plan: p, port: 1, mtu: 1400, ttl: 60, id: uint16(want)<<8 + id}
		if reason := deliver(sink, m.packet()); reason != pipeline.Pass {
			return fmt.Errorf("reason %d", reason)
		}
		var got uint8
		device.until(t, func(p *pipeline.Packet) bool {
			got = p.IP().TTL()
			return p.PTB != 0
		})
		if got != want {
			return fmt.Errorf("TTL is %d, want %d", got, want)
		}
		return nil
	})
}

// TestRulesOfOthers has rules that look like the guard's. Those that a predecessor with other
// settings left go, all others stay.
func TestRulesOfOthers(t *testing.T) {
	host := newHost(t)
	const guardProtocol, priority = 112, 9
	add := func(protocol uint8, iif string, mark uint32) error {
		r := netlink.NewRule()
		r.Family, r.Priority, r.Table = unix.AF_INET, priority, 100+int(mark)
		r.Protocol, r.IifName, r.Mark = protocol, iif, mark
		return netlink.RuleAdd(r)
	}
	netns.Must(t, host.Do(func() error {
		return errorOf(add(guardProtocol, "eth0", 0), add(unix.RTPROT_BOOT, "", 45), add(unix.RTPROT_BOOT, "pmtud0", 0))
	}))
	others := []string{
		`rule 9: iif "eth0" mark 0 table 100 suppress -1`,
		`rule 9: iif "" mark 45/0xffffffff table 145 suppress -1`,
		`rule 9: iif "pmtud0" mark 0 table 100 suppress -1`,
	}
	netns.Must(t, host.Do(func() error { return errorOf(add(guardProtocol, "", 46), add(guardProtocol, "pmtud0", 0)) }))
	sink, log := build(t, nil)
	netns.Must(t, host.Do(func() error { return sink.Open(t.Context()) }))
	wantTraces(t, host, pair, ofDevice, others)
	netns.Must(t, sink.Close())
	wantTraces(t, host, none, others)
	if text := log.String(); text != "" {
		t.Errorf("logged\n%s", text)
	}
}
