package replaytest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// diffCaptures compares two captures packet by packet. They may be of different
// formats and differ in what describes a file as a whole.
func diffCaptures(want, got []byte) (lines []string, _ error) {
	wanted, err := readAll("expected capture", want)
	if err != nil {
		return nil, err
	}
	came, err := readAll("written capture", got)
	if err != nil {
		return nil, err
	}
	for i := range max(len(wanted), len(came)) {
		switch {
		case i >= len(came):
			lines = append(lines, fmt.Sprintf("packet %d: expected %s, got no packet", i+1, describe(&wanted[i])))
		case i >= len(wanted):
			lines = append(lines, fmt.Sprintf("packet %d: expected no packet, got %s", i+1, describe(&came[i])))
		default:
			if difference := diffPackets(&wanted[i], &came[i]); difference != "" {
				lines = append(lines, fmt.Sprintf("packet %d: %s", i+1, difference))
			}
		}
	}
	return lines, nil
}

func readAll(name string, file []byte) (packets []pipeline.Packet, _ error) {
	r := capfile.NewReader(bytes.NewReader(file), capfile.ReaderOptions{Name: name})
	defer r.Close()
	batch := make([]pipeline.Packet, 256)
	for {
		n, err := r.ReadBatch(batch)
		if errors.Is(err, io.EOF) {
			return packets, nil
		}
		if err != nil {
			return nil, err
		}
		for _, p := range batch[:n] {
			p.Data = bytes.Clone(p.Data)
			packets = append(packets, p)
		}
	}
}

func describe(p *pipeline.Packet) string {
	return fmt.Sprintf("%d bytes of %v", len(p.Data), p.Time.Time().UTC().Format("2006-01-02T15:04:05.999999999Z"))
}

func diffPackets(want, got *pipeline.Packet) string {
	switch {
	case want.LinkType != got.LinkType:
		return fmt.Sprintf("expected link type %d, got %d", want.LinkType, got.LinkType)
	case want.Time != got.Time || len(want.Data) != len(got.Data):
		return fmt.Sprintf("expected %s, got %s", describe(want), describe(got))
	}
	for i := range want.Data {
		if want.Data[i] != got.Data[i] {
			from, to := i&^15, min(i&^15+16, len(want.Data))
			return fmt.Sprintf("bytes from %d on: expected % x, got % x", from, want.Data[from:to], got.Data[from:to])
		}
	}
	return ""
}
