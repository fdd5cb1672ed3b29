package setting

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Check checks the values of settings, a pointer to a struct, by what its fields
// declare: bounds, enums, types, and that required texts and lists are not empty. It
// returns an [Error], or several joined.
func Check(settings any) error {
	v := reflect.ValueOf(settings).Elem()
	var errs []error
	for _, s := range Of(settings) {
		if err := s.Check(v.FieldByIndex(s.Field.Index)); err != nil {
			errs = append(errs, &Error{Setting: s.Name, Err: err})
		}
	}
	return errors.Join(errs...)
}

// Check checks a value of the setting, of a list each element.
func (s Info) Check(v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return s.Check(v.Elem())
	case s.Required && isEmpty(v):
		return errors.New("is empty")
	case v.Kind() == reflect.Slice && !IsText(v.Type()):
		return s.checkElements(v)
	}
	return s.checkOne(v)
}

func isEmpty(v reflect.Value) bool {
	return (v.Kind() == reflect.String || v.Kind() == reflect.Slice) && v.Len() == 0
}

func (s Info) checkElements(list reflect.Value) error {
	for i := range list.Len() {
		if err := s.checkOne(list.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (s Info) checkOne(v reflect.Value) error {
	if s.Enum != nil && !slices.Contains(s.Enum, Format(v)) {
		return fmt.Errorf("must be %s, not %q", s.choice(), Format(v))
	}
	if c, ok := v.Interface().(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return err
		}
	}
	below, err := less(v, s.Field.Tag.Get("min"), false)
	if err != nil {
		return fmt.Errorf("read tag min: %w", err)
	}
	above, err := less(v, s.Field.Tag.Get("max"), true)
	if err != nil {
		return fmt.Errorf("read tag max: %w", err)
	}
	if below || above {
		return fmt.Errorf("must be %s, not %s", s.Bounds(), Format(v))
	}
	return nil
}

// Bounds returns the bounds as a phrase, such as "from 1 to 65536" or "at least 1".
// It is empty if there are none.
func (s Info) Bounds() string {
	least, most := s.Field.Tag.Get("min"), s.Field.Tag.Get("max")
	switch {
	case least != "" && most != "":
		return "from " + least + " to " + most
	case least != "":
		return "at least " + least
	case most != "":
		return "at most " + most
	}
	return ""
}

// choice returns the enum as a phrase, such as "in, out or both".
func (s Info) choice() string {
	last := len(s.Enum) - 1
	if last == 0 {
		return s.Enum[0]
	}
	return strings.Join(s.Enum[:last], ", ") + " or " + s.Enum[last]
}

// less reports whether v is less than the bound, or more if swapped; NaN is both.
// There may be no bound.
func less(v reflect.Value, bound string, swapped bool) (bool, error) {
	if bound == "" {
		return false, nil
	}
	b, err := parseOne(bound, v.Type())
	if err != nil {
		return false, err
	}
	if swapped {
		v, b = b, v
	}
	switch {
	case v.CanInt():
		return v.Int() < b.Int(), nil
	case v.CanUint():
		return v.Uint() < b.Uint(), nil
	case v.CanFloat():
		return !(v.Float() >= b.Float()), nil
	}
	return false, fmt.Errorf("a %v has no bounds", v.Type())
}
