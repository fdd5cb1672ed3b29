package pipeline_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// A pipeline in memory: two messages, a filter for the next-hop MTU, a sink that prints.
func Example() {
	p, err := pipeline.New(pipeline.Spec{
		Name:    "edge",
		Sources: []pipeline.Stage{{Plugin: replaySource()}},
		Filters: []pipeline.Stage{{Plugin: minMTUFilter(), Settings: &minMTU{Min: 1280}}},
		Sinks:   []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: printSink()}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := p.Open(ctx); err != nil {
		log.Fatal(err)
	}
	if err := p.Run(ctx); err != nil { // until the source ends
		log.Fatal(err)
	}
	if err := p.Close(); err != nil {
		log.Fatal(err)
	}
	c := p.Counters()
	fmt.Printf("received %d, forwarded %d\n", c.Received, c.Forwarded)
	// Output:
	// 2026-01-02 03:04:05 PTB of IPv4, 142 bytes
	// received 2, forwarded 1
}

// A filter is a method that returns the reason to drop a packet, or Pass.
func ExampleNewFilter() {
	p := minMTUFilter()
	filter, err := p.Build(p.NewSettings(), pipeline.Env{})
	if err != nil {
		log.Fatal(err)
	}
	packet := pipelinetest.PTB{MTU: 600}.Packet(0)
	packet.Decode() // as the engine does
	reason := filter.(pipeline.Filter).Filter(&packet)
	fmt.Println(p.Type, "drops it:", p.Reasons[reason-1].Name)
	_, err = p.Build(&minMTU{Min: 1}, pipeline.Env{})
	fmt.Println(err)
	// Output:
	// min-mtu drops it: small
	// min: must be from 68 to 65535, not 1
}

// minMTU is the settings of a filter, and the filter.
type minMTU struct {
	Min uint32 `setting:"min" min:"68" max:"65535" example:"1280" doc:"smallest next-hop MTU that passes"`
}

func minMTUFilter() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[minMTU]{
		Type:     "min-mtu",
		Summary:  "drops messages with a small next-hop MTU",
		Reasons:  pipeline.Reasons{1: {Name: "small", Doc: "the MTU is below min"}},
		Defaults: minMTU{Min: 1280},
		New:      func(s minMTU, _ pipeline.Env) (pipeline.Filter, error) { return s, nil },
	})
}

func (s minMTU) Filter(p *pipeline.Packet) pipeline.Reason {
	if mtu, ok := p.MTU(); ok && mtu < s.Min {
		return 1 // the first of Reasons
	}
	return pipeline.Pass
}

// A source delivers batches of packets, which it lends for the length of the call.
func ExampleNewSource() {
	p := replaySource()
	source, err := p.Build(p.NewSettings(), pipeline.Env{})
	if err != nil {
		log.Fatal(err)
	}
	err = source.(pipeline.Source).Run(context.Background(), func(batch []pipeline.Packet) {
		fmt.Println("packets:", len(batch))
	})
	fmt.Println("error:", err)
	// Output:
	// packets: 2
	// error: <nil>
}

// replay is a source of two messages.
type replay struct{}

func replaySource() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[replay]{
		Type:     "two-messages",
		Summary:  "delivers two messages and ends",
		Lossless: true, // it waits for sinks
		New:      func(replay, pipeline.Env) (pipeline.Source, error) { return replay{}, nil },
	})
}

func (replay) Open(context.Context) error { return nil }
func (replay) Close() error               { return nil }

func (replay) Run(_ context.Context, deliver func([]pipeline.Packet)) error {
	at := pipeline.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	deliver([]pipeline.Packet{
		pipelinetest.PTB{MTU: 1400}.Packet(at),
		pipelinetest.PTB{MTU: 600}.Packet(at),
	})
	return nil
}

// A sink gets batches, and says which packets it could not deliver.
func ExampleNewSink() {
	p := printSink()
	sink, err := p.Build(p.NewSettings(), pipeline.Env{})
	if err != nil {
		log.Fatal(err)
	}
	packet := pipelinetest.PTB{}.Packet(0)
	packet.Decode()
	none := pipeline.Packet{}
	none.Decode()
	failed := make([]pipeline.Reason, 2)
	sink.(pipeline.Sink).Deliver([]*pipeline.Packet{&packet, &none}, failed)
	for _, reason := range failed {
		fmt.Println("reason:", reason)
	}
	// Output:
	// 1970-01-01 00:00:00 PTB of IPv4, 142 bytes
	// reason: 0
	// reason: 1
}

// printer is a sink that prints.
type printer struct{}

func printSink() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[printer]{
		Type:    "print",
		Summary: "prints a line for each message",
		Reasons: pipeline.Reasons{1: {Name: "not-ptb", Doc: "it is no message", PacketFault: true}},
		New:     func(printer, pipeline.Env) (pipeline.Sink, error) { return printer{}, nil },
	})
}

func (printer) Open(context.Context) error { return nil }
func (printer) Flush()                     {}
func (printer) Close() error               { return nil }

func (printer) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	for i, p := range batch {
		if p.PTB == 0 {
			failed[i] = 1
			continue
		}
		fmt.Printf("%s PTB of IPv%d, %d bytes\n", p.Time.Time().Format(time.DateTime), p.PTB, p.Length)
	}
}

// A source makes packets of what it reads. The engine decodes them.
func ExampleNewPacket() {
	datagram := []byte{
		0x45, 0, 0, 56, 0, 0, 0, 0, 60, 1, 0, 0, 203, 0, 113, 1, 192, 0, 2, 1, // IPv4: a router's ICMP
		3, 4, 0, 0, 0, 0, 0x05, 0x78, // fragmentation needed, next-hop MTU 1400
		0x45, 0, 5, 220, 0, 0, 0x40, 0, 61, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7, // about TCP
		1, 187, 156, 64, 0, 0, 0, 1, // from port 443
	}
	p := pipeline.NewPacket(datagram, linklayer.Raw, time.Now())
	p.Decode()
	mtu, _ := p.MTU()
	quoted, _ := p.Quoted()
	fmt.Println(mtu, quoted.Src, quoted.SrcPort)
	// Output:
	// 1400 192.0.2.1 443
}

// poster is a sink that sends to a server by TCP and writes a spool.
type poster struct {
	printer
	server string
}

func (s poster) Needs() pipeline.Needs {
	return pipeline.Needs{
		TCP:   []string{s.server},
		Files: []pipeline.File{{Path: "/var/lib/poster/spool", Writes: true}},
	}
}

// Once everything is open, the process gives up all rights but those that stages say they need.
func ExampleNeeds() {
	p, err := pipeline.New(pipeline.Spec{
		Name:    "edge",
		Sources: []pipeline.Stage{{Plugin: replaySource()}},
		Sinks: []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "post",
			New: func(struct{}, pipeline.Env) (pipeline.Sink, error) {
				return poster{server: "logs.example.net:443"}, nil
			},
		})}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for id, stage := range p.Stages() {
		if n, ok := stage.(pipeline.HostUser); ok {
			fmt.Println(id.Name, "connects to", n.Needs().TCP, "and writes", n.Needs().Files[0].Path)
		} else {
			fmt.Println("not confined, if it is not required:", id)
		}
	}
	// Output:
	// not confined, if it is not required: source two-messages
	// post connects to [logs.example.net:443] and writes /var/lib/poster/spool
}
