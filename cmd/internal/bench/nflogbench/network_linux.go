package nflogbench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// group is the netfilter log group.
const group = 33

// CPUs of the router's flood, with the kernel's receiving and logging, and of the
// program.
const (
	floodCPU   = 0
	programCPU = 1
)

// network is the host and the router.
type network struct {
	host, router *netns.NS
	table        *nftables.Table
	chain        *nftables.Chain
}

func newNetwork() (*network, error) {
	host, err := netns.New("host")
	if err != nil {
		return nil, err
	}
	router, err := netns.New("router")
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	n := &network{host: host, router: router}
	err = errors.Join(
		netns.Veth(host, "eth0", router, "eth0"),
		host.SetMAC("eth0", net.HardwareAddr{2, 0, 0, 0, 0, 2}),
		host.Addr("eth0", "192.0.2.1/24"),
		host.Sysctl("net.ipv4.conf.all.rp_filter", "0"),
		host.Do(n.addRule),
	)
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *network) close() {
	_ = n.host.Close()
	_ = n.router.Close()
}

// addRule counts, logs and drops what comes in, before the IP stack works on it.
func (n *network) addRule() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	n.table = c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "bench"})
	n.chain = c.AddChain(&nftables.Chain{
		Name: "log", Table: n.table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRaw,
	})
	c.AddRule(&nftables.Rule{Table: n.table, Chain: n.chain, Exprs: []expr.Any{
		&expr.Counter{},
		&expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: group},
		&expr.Verdict{Kind: expr.VerdictDrop},
	}})
	return c.Flush()
}

// logged returns how many packets the rule has logged; 0 if that can't be had.
func (n *network) logged() (packets uint64) {
	_ = n.host.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		rules, err := c.GetRules(n.table, n.chain)
		if err == nil && len(rules) > 0 {
			packets = rules[0].Exprs[0].(*expr.Counter).Packets
		}
		return err
	})
	return packets
}

// start starts the program on the host, and returns when it has bound the group.
func (n *network) start(ctx context.Context, p program) (*running, error) {
	r := &running{program: p, cmd: exec.CommandContext(ctx, p.args[0], p.args[1:]...)}
	r.cmd.Stdout, r.cmd.Stderr = p.stdout, &r.stderr
	err := n.host.Do(func() error {
		if err := p.prepare(); err != nil {
			return err
		}
		return onCPU(programCPU, r.cmd.Start)
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	for deadline := time.Now().Add(10 * time.Second); !n.bound(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.kill()
			return nil, fmt.Errorf("start %s: it does not bind group %d: %s", p.name, group, r.stderr.String())
		}
	}
	time.Sleep(200 * time.Millisecond) // it does not say when it is done with configuring the group
	return r, nil
}

// bound reports whether the group is bound.
func (n *network) bound() (is bool) {
	_ = n.host.Do(func() error {
		table, err := os.ReadFile("/proc/thread-self/net/netfilter/nfnetlink_log")
		is = len(strings.Fields(string(table))) > 0
		return err
	})
	return is
}

// onCPU calls f on a CPU. Processes that f starts stay there. The calling goroutine
// must be locked to its thread.
func onCPU(cpu int, f func() error) error {
	var before, only unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("get CPUs: %w", err)
	}
	only.Set(cpu)
	// A machine with a single CPU has to do it all there.
	if before.IsSet(cpu) {
		if err := unix.SchedSetaffinity(0, &only); err != nil {
			return fmt.Errorf("move to CPU %d: %w", cpu, err)
		}
		defer func() { _ = unix.SchedSetaffinity(0, &before) }()
	}
	return f()
}
