package cmd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

const traceHelp = `Trace shows, for one packet, what each stage looks at and what it decides. The
packet is number N of a capture (the first one without #N), counted as in
Wireshark and tcpdump. The packets before it are processed too, so that limits
are in the state they would be in. Or give the packet in hex, as -vvv prints it.

A message may be hidden where neither pmtud nor its kernel filter looks: behind
a second VLAN tag, MPLS, PPPoE, an 802.3 header, a tunnel or an IPv6 extension
header. Trace points this out, but decides as the daemon does.`

const traceExample = `  pmtud trace -c edge.yaml 'ptb.pcap#3'
  pmtud trace --ports 80,443 'ptb.pcap#3'`

func (a *app) traceCommand() *cobra.Command {
	var o offline
	var text, link string
	c := &cobra.Command{
		Use:                   "trace [-c FILE | options] CAPTURE[#N] | --hex BYTES",
		Short:                 "show what each stage decides about one packet",
		Long:                  traceHelp,
		Example:               traceExample,
		Args:                  maybeOperand("CAPTURE"),
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeCaptures,
		RunE: func(c *cobra.Command, args []string) error {
			if (len(args) == 1) == (text != "") {
				return errors.New("trace takes either a capture or --hex")
			}
			spec, err := a.offlineSpec(c.Context(), &o)
			if err != nil {
				return err
			}
			if text != "" {
				return a.traceHex(spec, text, link)
			}
			return a.traceCapture(c.Context(), spec, args[0])
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&text, "hex", "", "the packet's `BYTES` in hex")
	c.Flags().StringVar(&link, "link", "ethernet", "what the bytes begin with, `LINK`: ethernet, or raw for an IP header")
	a.registerOffline(c, &o)
	completeFlag(c, "link", fixed("ethernet", "raw"))
	return c
}

func (a *app) traceHex(spec pipeline.Spec, text, link string) error {
	data, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return fmt.Errorf("--hex: %w", err)
	}
	p := pipeline.Packet{Data: data, Length: len(data), LinkType: linklayer.Ethernet}
	switch link {
	case "ethernet":
	case "raw":
		p.LinkType = linklayer.Raw
	default:
		return fmt.Errorf("--link: %q is neither ethernet nor raw", link)
	}
	t, err := replay.TracePacket(spec, &p)
	if err != nil {
		return a.failed(err)
	}
	return a.failed(t.Print(a.Stdout))
}

func (a *app) traceCapture(ctx context.Context, spec pipeline.Spec, arg string) error {
	path, number, err := cutNumber(arg)
	if err != nil {
		return err
	}
	t, err := replay.TraceCapture(ctx, spec, path, a.Stdin, number, a.warn)
	if err != nil {
		return a.failed(err)
	}
	return a.failed(t.Print(a.Stdout))
}

// cutNumber cuts CAPTURE#N.
func cutNumber(arg string) (path string, number uint64, err error) {
	i := strings.LastIndexByte(arg, '#')
	if i < 0 {
		return arg, 1, nil
	}
	number, err = strconv.ParseUint(arg[i+1:], 10, 64)
	if err != nil || number == 0 {
		return "", 0, fmt.Errorf("%q is not a packet number; they start at 1", arg[i+1:])
	}
	return arg[:i], number, nil
}
