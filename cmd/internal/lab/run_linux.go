package lab

import (
	"context"
	"errors"
	"net/netip"
)

// Run makes one experiment: it builds the network, starts pmtud if the
// configuration has it, makes the downloads and removes everything. An error
// means that the lab failed; what the downloads made of it is in the result.
func Run(ctx context.Context, config Config) (Result, error) {
	n, err := Build(config)
	if err != nil {
		return Result{}, err
	}
	result, err := n.run(ctx)
	return result, errors.Join(err, n.Close())
}

func (n *Network) run(ctx context.Context) (Result, error) {
	var downloads []Download
	traffic, exits, err := n.observe(ctx, func(ctx context.Context, _ *recording) (err error) {
		downloads, err = n.serveDownloads(ctx)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return newResult(n, downloads, traffic, exits), nil
}

func (n *Network) serveDownloads(ctx context.Context) ([]Download, error) {
	ctx, cancel := context.WithCancel(ctx)
	wait, err := n.serve(ctx)
	defer wait()
	defer cancel()
	if err != nil {
		return nil, err
	}
	clients, err := n.connectAll(ctx)
	if err != nil {
		return nil, err
	}
	defer clients.abort()
	return clients.downloads, clients.download(ctx, n.Config.Bytes, whileMoving(n.Config.Stall))
}

// observe calls experiment while pmtud runs and the LANs are recorded.
func (n *Network) observe(ctx context.Context, experiment func(context.Context, *recording) error) (Traffic, []Exit, error) {
	seen := &recording{frames: make([][]frame, len(n.LANs))}
	begin := seen.length()
	w, err := n.watch(ptbsAndDatagrams, seen.add)
	if err != nil {
		return Traffic{}, nil, err
	}
	var exits []Exit
	if err = n.prepare(); err == nil {
		exits, err = n.withDaemons(ctx, func() error { return experiment(ctx, seen) })
	}
	lost, watchErr := w.stop()
	traffic := seen.traffic(begin, n.place())
	traffic.Lost = lost
	return traffic, exits, errors.Join(err, watchErr)
}

func (n *Network) prepare() error {
	if n.Config.Prepare == nil {
		return nil
	}
	for _, s := range n.Servers {
		if err := n.Config.Prepare(n, s); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) withDaemons(ctx context.Context, experiment func() error) ([]Exit, error) {
	daemons, err := n.startDaemons(ctx)
	if err == nil {
		err = experiment()
	}
	return stopDaemons(daemons), err
}

// hopAddr returns the address that the hop sends PTBs from.
func (n *Network) hopAddr() netip.Addr { return host(n.Config.plan().transit(), 1).Addr() }

// place returns where frames on the LANs come from and go to.
func (n *Network) place() place {
	where := place{hop: n.hopAddr(), servers: map[string]string{}, own: map[netip.Addr]string{}}
	for _, s := range n.Servers {
		where.servers[s.MAC.String()] = s.Name
		where.own[s.Addr] = s.Name
	}
	return where
}
