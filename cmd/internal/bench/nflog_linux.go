package bench

import (
	"context"
	"fmt"
	"io"

	"github.com/google/nftables/expr"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// nflogRate is the rate of floods that reach the netfilter log group.
const nflogRate = 300_000

// nflogSource is what libpcap calls the group.
var nflogSource = fmt.Sprint("nflog:", rig.LogGroup)

// NFLOG compares reading the same netfilter log group and prints tables to out.
func NFLOG(ctx context.Context, c Config, out io.Writer) error {
	return measure(ctx, c, out, newNFLOG, (*bench).compare, (*bench).findRates, (*bench).lineLatency)
}

func newNFLOG(b *bench) (tap, error) {
	compat := func(path string) program {
		return pmtud(path, "--dry-run", "--ports", "80,443", "--nflog", fmt.Sprint(rig.LogGroup))
	}
	return tap{
		name:    "nflog",
		pmtud:   compat(b.Pmtud),
		modes:   []mode{{"compat", compat}},
		tcpdump: tcpdump(nflogSource, "-w", "-"),
		rate:    nflogRate,
		frames:  flood.Forger{Target: target4}.Frames(frames),
		logged:  b.cable.Logged,
	}, b.cable.LogPackets(nil, &expr.Verdict{Kind: expr.VerdictDrop})
}
