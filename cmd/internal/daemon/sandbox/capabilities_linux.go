package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// become changes the user and the groups of all threads. Capabilities stay.
func become(u *User) error {
	if err := cap.SetGroups(u.Group, u.Groups...); err != nil {
		return fmt.Errorf("take the groups of user %s: %w", u.Name, err)
	}
	if err := cap.SetUID(u.ID); err != nil {
		return fmt.Errorf("become user %s: %w", u.Name, err)
	}
	return nil
}

// parse returns the capabilities of the names.
func parse(names []string) ([]cap.Value, error) {
	var values []cap.Value
	for _, name := range names {
		v, err := cap.FromName(strings.ToLower(name))
		if err != nil {
			return nil, fmt.Errorf("keep capability %s: %w", name, err)
		}
		values = append(values, v)
	}
	return values, nil
}

// dropBounding drops from the bounding set what is not kept. Without CAP_SETPCAP it
// can't, and no_new_privs must do.
func dropBounding(keep []cap.Value) error {
	if can, _ := cap.GetProc().GetFlag(cap.Effective, cap.SETPCAP); !can {
		return nil
	}
	var drop []cap.Value
	for v := range cap.MaxBits() {
		if !slices.Contains(keep, v) {
			drop = append(drop, v)
		}
	}
	if err := cap.DropBound(drop...); err != nil {
		return fmt.Errorf("drop capabilities from the bounding set: %w", err)
	}
	return nil
}

// keepCapabilities drops all other capabilities, sets no_new_privs, and returns
// which ones the process has: it may have been started without.
func keepCapabilities(keep []cap.Value) (names []string, err error) {
	have, set := cap.GetProc(), cap.NewSet()
	for _, v := range keep {
		if has, _ := have.GetFlag(cap.Permitted, v); !has {
			continue // what needs it has failed, or can do without
		}
		names = append(names, strings.ToUpper(v.String()))
		for _, flag := range []cap.Flag{cap.Permitted, cap.Effective} {
			if err := set.SetFlag(flag, true, v); err != nil {
				return nil, fmt.Errorf("keep capability %v: %w", v, err)
			}
		}
	}
	if err := set.SetProc(); err != nil {
		return nil, fmt.Errorf("drop capabilities: %w", err)
	}
	if _, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("set no_new_privs: %w", err)
	}
	return names, nil
}
