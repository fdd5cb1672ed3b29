package config

import (
	"errors"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// pluginErrors notes what a plugin said of settings that stand at a place.
func pluginErrors(r *mistake.Report, settings Table, at Position, err error) {
	for _, err := range split(err) {
		var bad *setting.Error
		if !errors.As(err, &bad) {
			r.Add(at, "", "%v", err)
			continue
		}
		if written := settings.Find(bad.Setting); written != nil {
			settingError(r, bad.Setting, written.At, bad.Err)
			continue
		}
		at.Origin = "" // which is about the type
		settingError(r, bad.Setting, at, bad.Err)
	}
}

// settingError notes a mistake in a setting's value. An option of the command
// line is not called by the name of the setting that it stands for.
func settingError(r *mistake.Report, name string, at Position, err error) {
	hint := mistake.HintOf(err)
	if at.Line == 0 && at.File != "" {
		r.Add(at, hint, "%v", err)
		return
	}
	message := err.Error() + at.From()
	if strings.HasPrefix(message, "must ") || strings.HasPrefix(message, "is ") {
		r.Add(at, hint, "`%s` %s", name, message)
		return
	}
	r.Add(at, hint, "`%s`: %s", name, message)
}

// split returns the errors that err joins, none if it is nil.
func split(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var errs []error
	for _, e := range joined.Unwrap() {
		errs = append(errs, split(e)...)
	}
	return errs
}

// wrong notes that a value is of the wrong kind.
func wrong(r *mistake.Report, at Position, what, must string, value any, hint string) {
	switch value.(type) {
	case syntax.Unreadable: // has been noted
	case nil:
		r.Add(at, hint, "%s has no value; it must %s", what, must)
	default:
		r.Add(at, hint, "%s must %s, not %s%s", what, must, syntax.KindOf(value), at.From())
	}
}
