package bench

import (
	"context"
	"fmt"
	"io"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
)

// The netfilter log group, as libpcap names it, and the rate of floods that reach it.
const (
	group       = 33
	nflogSource = "nflog:33"
	nflogRate   = 300_000
)

// NFLOG compares reading the same netfilter log group and prints tables to out.
func NFLOG(ctx context.Context, c Config, out io.Writer) error {
	return measure(ctx, c, out, newNFLOG, (*bench).compare, (*bench).findRates, (*bench).lineLatency)
}

func newNFLOG(b *bench) (tap, error) {
	return tap{
		name:    "nflog",
		pmtud:   pmtud(b.Pmtud, "--dry-run", "--ports", "80,443", "--nflog", fmt.Sprint(group)),
		tcpdump: tcpdump(nflogSource, "-w", "-"),
		rate:    nflogRate,
		frames:  flood.Forger{Target: target4}.Frames(frames),
		logged:  b.logCount,
	}, b.cable.Host.Do(logAndDrop)
}

// logTable is the packet filter's table that logs.
func logTable() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "bench"}
}

// logAndDrop counts, logs and drops what comes in, before the IP stack works on it.
func logAndDrop() error {
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("open nftables: %w", err)
	}
	table := c.AddTable(logTable())
	chain := c.AddChain(&nftables.Chain{
		Name: "log", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRaw,
	})
	c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Counter{},
		&expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: group},
		&expr.Verdict{Kind: expr.VerdictDrop},
	}})
	if err := c.Flush(); err != nil {
		return fmt.Errorf("log packets: %w", err)
	}
	return nil
}

// logCount returns how many packets the rule has logged.
func (b *bench) logCount() (packets int, err error) {
	err = b.cable.Host.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		rules, err := c.GetRules(logTable(), &nftables.Chain{Name: "log", Table: logTable()})
		if err != nil {
			return fmt.Errorf("read counter of the packet filter: %w", err)
		}
		packets = int(rules[0].Exprs[0].(*expr.Counter).Packets)
		return nil
	})
	return packets, err
}
