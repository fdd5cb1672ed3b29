package pipelinetest

import (
	"context"

	"github.com/pmtud/pmtud/pipeline"
)

// Lend returns a source stage that delivers packets in batches, from buffers that
// it overwrites after each one: whoever keeps borrowed bytes sees 0xa5.
func Lend(packets []pipeline.Packet, batch int) pipeline.Stage {
	return pipeline.Stage{Plugin: pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "lend", Summary: "lends packets to a test", Lossless: true,
		New: func(struct{}, pipeline.Env) (pipeline.Source, error) {
			return &lendingSource{packets: packets, batch: make([]pipeline.Packet, max(batch, 1))}, nil
		},
	})}
}

type lendingSource struct {
	packets []pipeline.Packet
	batch   []pipeline.Packet
	octets  []byte
}

func (l *lendingSource) Open(context.Context) error { return nil }
func (l *lendingSource) Close() error               { return nil }

func (l *lendingSource) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	for rest := l.packets; len(rest) > 0 && ctx.Err() == nil; {
		n := copy(l.batch, rest)
		rest = rest[n:]
		l.octets = l.octets[:0]
		for i := range l.batch[:n] {
			l.octets = append(l.octets, l.batch[i].Data...)
		}
		at := 0
		for i := range l.batch[:n] {
			p := &l.batch[i]
			end := at + len(p.Data)
			p.Data = l.octets[at:end:end]
			at = end
		}
		deliver(l.batch[:n])
		for i := range l.octets {
			l.octets[i] = lent
		}
	}
	return nil
}
