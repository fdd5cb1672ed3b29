//go:build !linux

package doctor

import (
	"context"
	"errors"
)

func look(context.Context, Options, *Report) error {
	return errors.New("pmtud doctor looks at Linux hosts only")
}
