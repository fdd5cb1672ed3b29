package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/configs"
)

// Live compares capturing by packet sockets and prints tables to out.
func Live(ctx context.Context, c Config, out io.Writer) error {
	return measure(ctx, c, out, newLive,
		(*bench).compare, (*bench).findRates, (*bench).broadcastLatency, (*bench).watchIdle, (*bench).watchMemory)
}

// Flood does the part of Live that is about CPU time under a flood.
func Flood(ctx context.Context, c Config, out io.Writer) error {
	return measure(ctx, c, out, newLive, (*bench).compare)
}

func newLive(b *bench) (tap, error) {
	file := filepath.Join(b.dir, "recommended.yaml")
	text := strings.ReplaceAll(configs.Recommended("yaml"), configs.Interface, rig.Interface)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return tap{}, fmt.Errorf("write configuration: %w", err)
	}
	recommended := func(path string) program { return configured(path, file) }
	compat := func(path string) program { return pmtud(path, "--dry-run", "--ports", "80,443") }
	t := tap{
		name:  "live",
		pmtud: compat(b.Pmtud),
		modes: []mode{
			{"recommended", recommended},
			{"recommended, at src-rate", func(path string) program { return recommended(path).under(flood.ForgeConnection) }},
			{"recommended, at sane", func(path string) program { return recommended(path).under(unsound) }},
			{"recommended, at dedup", func(path string) program { return recommended(path).under(unchanged) }},
			{"compat", compat},
			{"compat, 1000/s", func(path string) program { return compat(path).with("--iface-rate", "1000") }},
		},
		tcpdump: tcpdump(rig.Interface, "-w", "-", filter),
		rate:    b.Rate,
		frames:  slices.Concat(flood.Forger{Target: target4}.Frames(frames/2), flood.Forger{Target: target6}.Frames(frames/2)),
		forge:   flood.Forge,
	}
	if b.Original != "" {
		p := original(b.Original)
		t.original = &p
	}
	if t.rate == 0 {
		t.rate = flood.Unlimited
	}
	return t, b.cable.Host.Do(dropBehindTap)
}

// unsound forges a message whose checksum is wrong.
func unsound(frame []byte) {
	flood.Forge(frame)
	frame[len(frame)-1] ^= 1
}

// unchanged has a flood repeat its messages.
func unchanged([]byte) {}

// dropBehindTap drops all that comes from the wire after packet sockets have seen
// it, so that the IP stack does not work on the flood.
func dropBehindTap() error {
	conn, err := nftables.New()
	if err != nil {
		return fmt.Errorf("open nftables: %w", err)
	}
	table := conn.AddTable(&nftables.Table{Name: "bench", Family: nftables.TableFamilyNetdev})
	chain := conn.AddChain(&nftables.Chain{
		Name: "ingress", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookIngress, Priority: nftables.ChainPriorityFilter, Device: rig.Interface,
	})
	conn.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}})
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("drop packets behind the tap: %w", err)
	}
	return nil
}
