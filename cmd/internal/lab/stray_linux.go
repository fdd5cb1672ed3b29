package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/packet"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// RunStray sends one PTB about a connection that no server has, from the hop, with pmtud running
// on all servers if the configuration has it. It returns what crossed the LANs until nothing has for
// [Quiet]: servers whose service is in containers return the message to the router until its TTL
// is used up. It is an error if a daemon does not end in order.
func RunStray(ctx context.Context, config Config) (Traffic, error) {
	n, err := Build(config)
	if err != nil {
		return Traffic{}, err
	}
	traffic, exits, err := n.observe(ctx, func(_ context.Context, seen *recording) error {
		before := seen.length()
		if err := n.sendStray(); err != nil {
			return err
		}
		return waitForQuiet(func() Traffic { return seen.traffic(before, n.place()) })
	})
	errs := []error{err, n.Close()}
	for _, e := range exits {
		errs = append(errs, e.check())
	}
	return traffic, errors.Join(errs...)
}

// sendStray sends a PTB about a port that no client has used.
func (n *Network) sendStray() error {
	router, err := n.Router.Interface("up")
	if err != nil {
		return err
	}
	up, err := n.Hop.Interface("up")
	if err != nil {
		return err
	}
	frame := pipelinetest.PTB{
		Router: n.hopAddr(), Target: n.VIP, Client: n.client(0), SrcPort: port, DstPort: firstPort - 1,
		DstMAC: [6]byte(router.HardwareAddr),
	}.Frame()
	wire.ParseIP(frame[wire.EthernetLen:]).SetTTL(64) // as Linux does
	return n.Hop.Do(func() error {
		socket, err := packet.Listen(up, packet.Raw, 0, nil)
		if err != nil {
			return fmt.Errorf("send stray PTB: %w", err)
		}
		defer socket.Close()
		_, err = socket.WriteTo(frame, &packet.Addr{HardwareAddr: router.HardwareAddr})
		return err
	})
}

// waitForQuiet returns when a PTB has arrived and nothing more for [Quiet].
func waitForQuiet(since func() Traffic) error {
	var last string
	changed := time.Now()
	return poll(time.Now().Add(time.Minute), func() error {
		t := since()
		if now := t.String(); now != last {
			last, changed = now, time.Now()
		}
		if t.PTBs == 0 || time.Since(changed) < Quiet {
			return fmt.Errorf("still moving: %v", t)
		}
		return nil
	})
}
