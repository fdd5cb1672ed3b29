package soak

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// line is a line of the program's log.
type line struct {
	Level    string `json:"level"`
	Message  string `json:"msg"`
	Error    string `json:"error"`
	Pipeline string `json:"pipeline"`
	Sink     string `json:"sink"`
	Reason   string `json:"reason"`
	Packets  uint64 `json:"packets"`

	// Of a pipeline or a sink that has stopped.
	Received, Forwarded, Dropped, Lost uint64
	Offered, Delivered, Failed, Shed   uint64
}

// Counters are sums over all pipelines of a name.
type Counters struct {
	Pipelines                          int
	Received, Forwarded, Dropped, Lost uint64
	Sinks                              map[string]*SinkCounters
}

// SinkCounters are sums over all sinks of a name. Reasons are those of what failed or was
// shed.
type SinkCounters struct {
	Offered, Delivered, Failed, Shed, Dropped uint64
	Reasons                                   map[string]uint64
}

// readCounters adds up the final counters in a log. Its error joins the counters that do not
// balance.
func readCounters(log string) (map[string]*Counters, error) {
	all := map[string]*Counters{}
	var errs []error
	for s := bufio.NewScanner(strings.NewReader(log)); s.Scan(); {
		var l line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			errs = append(errs, fmt.Errorf("read log: %w: %s", err, s.Bytes()))
			continue
		}
		errs = append(errs, enter(all, l))
	}
	return all, errors.Join(errs...)
}

// enter adds a line to the counters.
func enter(all map[string]*Counters, l line) error {
	b := all[l.Pipeline]
	if b == nil {
		b = &Counters{Sinks: map[string]*SinkCounters{}}
		all[l.Pipeline] = b
	}
	switch l.Message {
	case "pipeline stopped":
		b.Pipelines++
		b.Received += l.Received
		b.Forwarded += l.Forwarded
		b.Dropped += l.Dropped
		b.Lost += l.Lost
		if l.Received != l.Forwarded+l.Dropped {
			return fmt.Errorf("counters of pipeline %s do not balance: %+v", l.Pipeline, l)
		}
	case "sink stopped":
		s := b.sink(l.Sink)
		s.Offered += l.Offered
		s.Delivered += l.Delivered
		s.Failed += l.Failed
		s.Shed += l.Shed
		s.Dropped += l.Dropped
		if l.Offered != l.Delivered+l.Failed+l.Shed+l.Dropped {
			return fmt.Errorf("counters of sink %s/%s do not balance: %+v", l.Pipeline, l.Sink, l)
		}
		if s.Offered != b.Forwarded {
			return fmt.Errorf("sink %s/%s was offered %d in all of %d", l.Pipeline, l.Sink, s.Offered, b.Forwarded)
		}
	case "failed", "shed":
		b.sink(l.Sink).Reasons[l.Reason] += l.Packets
	}
	return nil
}

func (b *Counters) sink(name string) *SinkCounters {
	s := b.Sinks[name]
	if s == nil {
		s = &SinkCounters{Reasons: map[string]uint64{}}
		b.Sinks[name] = s
	}
	return s
}
