package cmd

import (
	"github.com/pmtud/pmtud/filters/dedup"
	"github.com/pmtud/pmtud/filters/expr"
	"github.com/pmtud/pmtud/filters/flow"
	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/length"
	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/filters/portlist"
	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/filters/sourcelist"
	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/filters/vips"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/sinks/broadcast"
	"github.com/pmtud/pmtud/sinks/inject"
	"github.com/pmtud/pmtud/sinks/logsink"
	natssink "github.com/pmtud/pmtud/sinks/nats"
	pcapsink "github.com/pmtud/pmtud/sinks/pcapfile"
	"github.com/pmtud/pmtud/sinks/peers"
	relaysink "github.com/pmtud/pmtud/sinks/relay"
	natssource "github.com/pmtud/pmtud/sources/nats"
	"github.com/pmtud/pmtud/sources/nflog"
	"github.com/pmtud/pmtud/sources/pcap"
	pcapsource "github.com/pmtud/pmtud/sources/pcapfile"
	relaysource "github.com/pmtud/pmtud/sources/relay"
)

// Plugins returns the plugins that come with pmtud. The slice is the caller's.
func Plugins() []pipeline.Plugin {
	return []pipeline.Plugin{
		pcap.Plugin(),
		nflog.Plugin(),
		pcapsource.Plugin(),
		relaysource.Plugin(),
		natssource.Plugin(),

		icmpptb.Plugin(),
		length.Plugin(),
		mtu.Plugin(),
		portlist.Plugin(),
		dedup.Plugin(),
		srcrate.Plugin(),
		ifacerate.Plugin(),
		sourcelist.Plugin(),
		sane.Plugin(),
		vips.Plugin(),
		flow.Plugin(),
		expr.Plugin(),

		broadcast.Plugin(),
		peers.Plugin(),
		relaysink.Plugin(),
		natssink.Plugin(),
		inject.Plugin(),
		logsink.Plugin(),
		pcapsink.Plugin(),
	}
}
