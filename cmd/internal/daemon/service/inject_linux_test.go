package service_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// injecting is a configuration with the sink inject, and other settings of it.
func injecting(settings string) string {
	return `
pipelines:
  edge:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}]
    sinks: [{type: inject` + settings + `}]
`
}

const notInjecting = `
pipelines:
  edge:
    sources: [{type: pcap, interface: eth0}]
    sinks: [{type: log, format: json}]
`

// TestInject has the confined program make its device, make it again, remove it when a reload
// takes the sink away, and at its end.
func TestInject(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for name, settings := range map[string]string{"stack": "", "as from": ", as_from: eth0"} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, "eth0")
			w := h.newWire(t, "eth0")
			d := h.startDaemon(t, injecting(settings))
			h.awaitTraces(t, 2, 6)
			d.wantCapabilities(t, 1<<unix.CAP_NET_RAW|1<<unix.CAP_NET_ADMIN)

			netns.Must(t, h.ns.Delete("pmtud0"))
			h.awaitTraces(t, 2, 6)
			w.sendPTB(t)
			d.reload(notInjecting)
			h.awaitTraces(t, 0, 0)
			d.reload(injecting(settings))
			h.awaitTraces(t, 2, 6)
			w.sendPTB(t)
			first := d.end()["edge"]
			h.awaitTraces(t, 0, 0)
			if total := sum(first); total.received < 2 || total.delivered+total.failed < 2 {
				t.Errorf("counters %+v", first)
			}

			killed := h.startDaemon(t, injecting(settings))
			netns.Must(t, killed.Process.Kill())
			_ = killed.Wait()
			h.awaitTraces(t, 2, 6)
			h.startDaemon(t, injecting(settings)).end()
			h.awaitTraces(t, 0, 0)
		})
	}
}

// TestInjectWithoutAdmin uses lo, which takes CAP_NET_RAW alone.
func TestInjectWithoutAdmin(t *testing.T) {
	h := newHost(t, "eth0")
	w := h.newWire(t, "eth0")
	d := h.startDaemon(t, injecting(", device: lo, create: false"))
	d.wantCapabilities(t, 1<<unix.CAP_NET_RAW)
	h.awaitTraces(t, 0, 0)
	w.sendPTB(t)
	if total := sum(d.end()["edge"]); total.delivered != 1 {
		t.Errorf("counters %+v", total)
	}
}

// awaitTraces waits until there are so many devices of the sink and policy rules other than
// the kernel's.
func (h *host) awaitTraces(t *testing.T, devices, rules int) {
	t.Helper()
	for end := time.Now().Add(timeout); ; time.Sleep(5 * time.Millisecond) {
		d, r := h.traces(t)
		if d == devices && r == rules {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d devices and %d policy rules, want %d and %d", d, r, devices, rules)
		}
	}
}

func (h *host) traces(t *testing.T) (devices, rules int) {
	t.Helper()
	netns.Must(t, h.ns.Do(func() error {
		links, err := netlink.LinkList()
		if err != nil {
			return err
		}
		for _, l := range links {
			if strings.HasPrefix(l.Attrs().Name, "pmtud0") {
				devices++
			}
		}
		for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
			list, err := netlink.RuleList(family)
			if err != nil {
				return err
			}
			for _, r := range list {
				if r.Priority != 0 && r.Priority < 32766 {
					rules++
				}
			}
		}
		return nil
	}))
	return devices, rules
}

// wantCapabilities wants the program to have just these effective capabilities.
func (d *daemon) wantCapabilities(t *testing.T, want uint64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.Process.Pid))
	netns.Must(t, err)
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "CapEff:\t"); ok && strings.TrimSpace(text) != fmt.Sprintf("%016x", want) {
			t.Errorf("effective capabilities %s, want %016x", text, want)
		}
	}
}
