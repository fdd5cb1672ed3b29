package lab

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// RecoveryConfig says how many clients are to be healed at once. The zero value of a
// field stands for the default named with it.
type RecoveryConfig struct {
	// Config is the experiment's, with 200 clients by default. Each makes one
	// download, so that Connections and Stall don't count. With GSO the lab's own
	// work takes least of the time.
	Config
	// Limit is how long after the start a download that is not complete counts as
	// hung (20 s).
	Limit time.Duration
	// Flood is the rate of forged PTBs that come from the hop's side all the time,
	// in packets per second (none). See [flood.Forger].
	Flood int
}

func (c RecoveryConfig) withDefaults() (RecoveryConfig, error) {
	c.Clients = cmp.Or(c.Clients, 200)
	c.Connections = c.Clients
	c.Limit = cmp.Or(c.Limit, 20*time.Second)
	var err error
	c.Config, err = c.Config.withDefaults()
	return c, err
}

// RunRecovery makes one experiment: many clients with addresses of their own, all
// behind one low-MTU hop, start a download each at the same time. An error means that
// the lab failed; what the downloads made of it is in the result.
func RunRecovery(ctx context.Context, config RecoveryConfig) (Recovery, error) {
	config, err := config.withDefaults()
	if err != nil {
		return Recovery{}, err
	}
	n, err := Build(config.Config)
	if err != nil {
		return Recovery{}, err
	}
	r := Recovery{Config: config}
	err = n.measure(ctx, &r)
	return r, errors.Join(err, n.Close())
}

// measure runs an experiment and records its results.
func (n *Network) measure(ctx context.Context, r *Recovery) error {
	counter, err := n.countCopies()
	if err != nil {
		return err
	}
	if err = n.prepare(); err == nil {
		r.Exits, err = n.withDaemons(ctx, func() error { return n.measureDownloads(ctx, r) })
	}
	var countErr error
	r.Copies, countErr = counter.stop()
	return errors.Join(err, countErr)
}

func (n *Network) measureDownloads(ctx context.Context, r *Recovery) error {
	ctx, cancel := context.WithCancel(ctx)
	wait, err := n.serve(ctx)
	defer wait()
	defer cancel()
	if err != nil {
		return err
	}
	clients, err := n.connectAll(ctx)
	if err != nil {
		return err
	}
	defer clients.abort()
	attack := n.attack(ctx, r.Config.Flood)
	err = clients.download(ctx, r.Config.Bytes, within(r.Config.Limit))
	r.Downloads = clients.downloads
	var attackErr error
	r.Forged, attackErr = attack.stop()
	return errors.Join(err, attackErr)
}
