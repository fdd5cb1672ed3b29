package hostcheck

import "fmt"

// user looks whether the rights of the daemon's user can be looked at, and whether they
// are enough to read the configuration again.
func (c *checker) user() {
	u := c.daemon.User
	if u == nil {
		return
	}
	c.once("user "+u.Name, func() []Finding {
		if err := u.Do(func() {}); err != nil {
			return one(Finding{
				Level: Warning, State: "has rights that can't be checked: " + err.Error(),
				Advice: "run this as root",
			})
		}
		return one(Finding{State: "exists"})
	})
	for _, path := range c.daemon.Configuration {
		c.once("file "+path, func() []Finding {
			var f Finding
			if err := u.Do(func() { f = readable(path) }); err != nil || f.Level == OK {
				return nil
			}
			return one(Finding{
				Level: Warning, State: c.asUser(f.State) + ": a reload will fail",
				Advice: fmt.Sprintf("let user %s read it", u.Name),
			})
		})
	}
}

// asUserToo looks with the rights of the process, with which everything is opened, and
// then with those of the daemon's user, as whom files are rotated and opened again.
func (c *checker) asUserToo(check func() Finding) Finding {
	own, later := check(), Finding{}
	if own.Level == Problem || c.daemon.User == nil {
		return own
	}
	if err := c.daemon.User.Do(func() { later = check() }); err != nil || later.Level <= own.Level {
		return own // a failed check was reported once
	}
	later.State = c.asUser(later.State) + ": it can't be rotated or opened again"
	return later
}

func (c *checker) asUser(state string) string {
	return fmt.Sprintf("%s, as user %s", state, c.daemon.User.Name)
}
