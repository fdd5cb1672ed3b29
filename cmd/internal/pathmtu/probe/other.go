//go:build !linux

package probe

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Only Linux has the error queue.

var errNotLinux = errors.New("path MTUs are probed on Linux only")

func (p *prober) look() error { return errNotLinux }

func (p *prober) mayEcho() bool { return false }

func (p *prober) learn() {}

func (p *prober) volley(context.Context, time.Duration, ...shot) ([]reply, error) {
	return nil, errNotLinux
}

type attempt struct{}

func (p *prober) startTCP(context.Context) *attempt { return nil }

func (a *attempt) stop() {}

func (a *attempt) result(context.Context) *TCP { return nil }

func expiry(netip.Addr) int { return 0 }
