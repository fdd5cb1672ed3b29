package service_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestLimiterKeepsState sends PTBs before and after reloads. A pipeline that does not
// change has used up its limit, one that changes starts over.
func TestLimiterKeepsState(t *testing.T) {
	h := newHost(t, "eth0")
	w := h.newWire(t, "eth0")
	config := func(comment string, minMTU int) string {
		return fmt.Sprintf(`%s
pipelines:
  kept:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: iface-rate, rate: 0.001}]
    sinks: [{type: log, format: json}]
  changed:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: mtu, min: %d}, {type: iface-rate, rate: 0.001}]
    sinks: [{type: log, format: json}]
`, comment, minMTU)
	}
	d := h.startDaemon(t, config("", 68))
	first := w.sendPTB(t)
	d.awaitRouter(first)
	second := w.sendPTB(t) // refused by both
	if got := d.reload(config("# another comment", 68)); got != "reloaded, pipelines: 2" {
		t.Errorf("status %q", got)
	}
	third := w.sendPTB(t) // refused by both
	d.reload(config("# another comment", 69))
	fourth := w.sendPTB(t) // passes the changed one
	d.awaitRouter(fourth)
	all := d.end()
	for i, want := range map[int]int{1: 2, 2: 0, 3: 0, 4: 1} {
		if got := d.printed([]netip.Addr{first, second, third, fourth}[i-1]); got != want {
			t.Errorf("PTB %d was printed %d times, want %d", i, got, want)
		}
	}
	if kept := all["kept"]; len(kept) != 1 || kept[0].received != 4 || kept[0].forwarded != 1 {
		t.Errorf("counters of the unchanged pipeline: %+v", kept)
	}
	if changed := all["changed"]; len(changed) != 2 || sum(changed).received != 4 || sum(changed).forwarded != 2 {
		t.Errorf("counters of the changed pipeline: %+v", changed)
	}
}

// TestInterfaceChanges moves a pipeline to another interface, and to one that is not
// there.
func TestInterfaceChanges(t *testing.T) {
	h := newHost(t, "eth0", "eth1")
	eth0, eth1 := h.newWire(t, "eth0"), h.newWire(t, "eth1")
	eth1.n = 1000 // other routers
	config := func(name string) string {
		return `pipelines: {edge: {sources: [{type: pcap, interface: ` + name + `}], filters: [{type: icmp-ptb}], sinks: [{type: log, format: json}]}}`
	}
	d := h.startDaemon(t, config("eth0"))
	d.awaitRouter(eth0.sendPTB(t))
	unseen := eth1.sendPTB(t)
	if got := d.reload(config("eth1")); got != "reloaded, pipelines: 1" {
		t.Errorf("status %q", got)
	}
	d.awaitRouter(eth1.sendPTB(t))
	unseen2 := eth0.sendPTB(t)
	if got := d.reload(config("nowhere0")); !strings.Contains(got, "open interface nowhere0: no such interface") {
		t.Errorf("status %q", got)
	}
	d.awaitRouter(eth1.sendPTB(t))
	d.end()
	if d.printed(unseen)+d.printed(unseen2) > 0 {
		t.Error("the pipeline listens on both interfaces")
	}
}

// TestNFLOGGroup keeps a group, changes how it is read, and can't.
func TestNFLOGGroup(t *testing.T) {
	h := newHost(t, "eth0")
	netns.Must(t, h.ns.Do(logToGroup))
	w := h.newWire(t, "eth0")
	config := func(group, other string) string {
		return fmt.Sprintf(`
pipelines:
  group:
    sources: [{type: nflog, %s}]
    filters: [{type: icmp-ptb}, {type: iface-rate, rate: 1000}]
    sinks: [{type: log, format: json}]
%s`, group, other)
	}
	// The other one is there so that the program keeps the right to capture.
	d := h.startDaemon(t, config("group: 33", "  other: {sources: [{type: pcap, interface: eth0}], sinks: [{type: log, format: json}]}"))
	d.awaitRouter(w.sendPTB(t))

	if got := d.reload(config("group: 33", "")); got != "reloaded, pipelines: 1" {
		t.Errorf("status %q", got)
	}
	d.awaitRouter(w.sendPTB(t))

	if got := d.reload(config("group: 33, snaplen: 500", "")); got != "reloaded, pipelines: 1" {
		t.Errorf("status %q", got)
	}
	d.awaitRouter(w.sendPTB(t))

	got := d.reload(config("group: 33, snaplen: 600}, {type: pcap, interface: nowhere0", ""))
	if !strings.Contains(got, "reload failed") || !strings.Contains(got, "nowhere0") {
		t.Errorf("status %q", got)
	}
	d.awaitRouter(w.sendPTB(t))
	counters := d.end()["group"]
	if len(counters) != 3 || counters[0].received != 2 || counters[1].received != 1 || counters[2].received != 1 {
		t.Errorf("counters %+v", counters)
	}
}

// logToGroup has netfilter log what comes in by eth0 to group 33.
func logToGroup() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	table := c.AddTable(&nftables.Table{Name: "filter", Family: nftables.TableFamilyNetdev})
	chain := c.AddChain(&nftables.Chain{
		Name: "in", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: "eth0",
	})
	c.AddRule(&nftables.Rule{
		Table: table, Chain: chain,
		Exprs: []expr.Any{&expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: 33}},
	})
	return c.Flush()
}

// TestHangupWithoutFile has nothing to reload, and logs that.
func TestHangupWithoutFile(t *testing.T) {
	h := newHost(t, "eth0")
	m, _ := newManager(t)
	c := exec.Command(*program, "--iface", "eth0")
	stderr := new(bytes.Buffer)
	c.Stderr = stderr
	netns.Must(t, h.ns.Start(c))
	m.await("READY=1")
	netns.Must(t, c.Process.Signal(unix.SIGHUP))
	m.await("RELOADING=1")
	if got := m.await("READY=1"); got != "READY=1\nSTATUS=running; nothing to reload" {
		t.Errorf("message %q", got)
	}
	netns.Must(t, c.Process.Signal(unix.SIGTERM))
	if err := c.Wait(); err != nil || !strings.Contains(stderr.String(), "nothing to reload") {
		t.Errorf("%v, log\n%s", err, stderr)
	}
}
