package lab

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Recovery is the result of many downloads started at once.
type Recovery struct {
	// Config is the experiment's, defaults filled in.
	Config RecoveryConfig
	// Downloads has one entry for each client.
	Downloads []Download
	// Copies is what the daemons sent.
	Copies Copies
	// Forged is the rate of the flood that there was, in packets per second.
	Forged float64
	// Exits has one entry for each daemon.
	Exits []Exit
}

// Never is the time of what did not happen.
const Never = time.Duration(math.MaxInt64)

// Completed returns the number of complete downloads; the others hang.
func (r Recovery) Completed() (n int) {
	for _, d := range r.Downloads {
		if !d.Hung {
			n++
		}
	}
	return n
}

// Within returns the time in which a part of the clients, from 0 to 1, had their
// whole download. It is [Never] if fewer had.
func (r Recovery) Within(part float64) time.Duration {
	return quantile(r.Downloads, part, func(d Download) time.Duration {
		if d.Hung {
			return Never
		}
		return d.Elapsed
	})
}

// RecoveredWithin returns the time in which a part of the clients, from 0 to 1, had
// the first byte: their servers knew the path MTU then. It is [Never] if fewer had.
func (r Recovery) RecoveredWithin(part float64) time.Duration {
	return quantile(r.Downloads, part, func(d Download) time.Duration {
		if d.Bytes == 0 {
			return Never
		}
		return d.Recovery
	})
}

// quantile returns the smallest of the times that a part of the downloads does not
// exceed.
func quantile(downloads []Download, part float64, of func(Download) time.Duration) time.Duration {
	times := make([]time.Duration, len(downloads))
	for i, d := range downloads {
		times[i] = of(d)
	}
	slices.Sort(times)
	return times[max(int(math.Ceil(part*float64(len(times)))), 1)-1]
}

// CopiesPerClient returns how many broadcasts there were about each client, on
// average and at most.
func (c Copies) CopiesPerClient() (average float64, most int) {
	sum := 0
	for _, n := range c.PerClient {
		sum += n
		most = max(most, n)
	}
	return float64(sum) / float64(max(len(c.PerClient), 1)), most
}

var lostCount = regexp.MustCompile(`msg="pipeline stopped" .*\blost=(\d+)`)

// Lost returns how many messages the daemons say that they could not read in time.
func (r Recovery) Lost() (n int) {
	for _, e := range r.Exits {
		for _, match := range lostCount.FindAllStringSubmatch(e.Stderr, -1) {
			lost, _ := strconv.Atoi(match[1])
			n += lost
		}
	}
	return n
}

// Check returns nil if the figures can be relied on: the sniffers saw everything, and
// every daemon ended in order.
func (r Recovery) Check() error {
	var errs []error
	if r.Copies.Lost > 0 {
		errs = append(errs, fmt.Errorf("the sniffers lost %d frames: the number of broadcasts can't be relied on", r.Copies.Lost))
	}
	for _, e := range r.Exits {
		errs = append(errs, e.check())
	}
	return errors.Join(errs...)
}
