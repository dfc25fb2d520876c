package helm

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// The units of a meter are bytes that a render makes or looks at; what costs time
// instead has a price in bytes.
const (
	allowance  = 256 << 20 // what one render may spend
	maxString  = 16 << 20  // bytes of one string, and of one template's output
	maxList    = 200_000   // elements that one function may give
	maxNesting = 500       // how deep values may lie in each other
	maxDepth   = 1000      // how deep templates may call each other, as in Helm
	stepPrice  = 128       // a call, a round of a loop: about a microsecond
	valuePrice = 16        // a value that is looked at, an element of a list
)

// errTooMuch says that rendering was ended because it would have taken too much.
var errTooMuch = errors.New("rendering takes too much")

// meter bounds the time and the memory of one render. Everything a template does ends in
// a call of spend: instrument puts one at the head of each template and of each round of a
// loop, and functions and writers pay for what they give. A template that only burns time
// therefore ends with an error at a place that is the same each time.
type meter struct {
	left  int64
	calls int
	depth int
	alive func() error // the Err of the build's context: a template's functions have no place for it
}

func newMeter(ctx context.Context) *meter { return &meter{left: allowance, alive: ctx.Err} }

// spend takes n bytes, or tells that too little is left, or that the build was cancelled.
func (m *meter) spend(n int64) error {
	if m.calls++; m.calls%256 == 0 {
		if err := m.alive(); err != nil {
			return err
		}
	}
	if m.left -= n; n < 0 || m.left < 0 {
		m.left = -1
		return fmt.Errorf("%w: more than %d MiB in all its strings, lists and steps", errTooMuch, allowance>>20)
	}
	return nil
}

// text takes n bytes of one string.
func (m *meter) text(n int64) error {
	if n > maxString {
		return fmt.Errorf("%w: a string of more than %d MiB", errTooMuch, maxString>>20)
	}
	return m.spend(n + stepPrice)
}

// list takes n elements of one list.
func (m *meter) list(n int64) error {
	if n > maxList {
		return fmt.Errorf("%w: a list of more than %d elements", errTooMuch, maxList)
	}
	return m.spend(stepPrice + n*valuePrice)
}

// enter counts a template that was called; leave one that ended.
func (m *meter) enter() error {
	if m.depth++; m.depth > maxDepth {
		return fmt.Errorf("%w: templates call each other more than %d deep", errTooMuch, maxDepth)
	}
	return m.spend(stepPrice)
}

func (m *meter) leave() { m.depth-- }

// value pays for a whole value, as a function that prints or copies it walks it: what is
// there twice counts twice, since lists that hold a list twice grow exponentially on paper
// while they stay small in memory. It gives the value's bytes.
func (m *meter) value(v reflect.Value) (int64, error) {
	before := m.left
	if err := m.walk(v, 0); err != nil {
		return 0, err
	}
	n := before - m.left
	if n > maxString*2 {
		return 0, fmt.Errorf("%w: a value of more than %d MiB", errTooMuch, maxString*2>>20)
	}
	return n, nil
}

func (m *meter) walk(v reflect.Value, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("%w: values that lie more than %d deep in each other", errTooMuch, maxNesting)
	}
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() {
			break
		}
		if depth++; depth > maxNesting {
			return fmt.Errorf("%w: values that lie more than %d deep in each other", errTooMuch, maxNesting)
		}
		v = v.Elem()
	}
	price := int64(valuePrice + depth) // a level deeper is indented further
	switch v.Kind() {
	case reflect.String:
		return m.spend(price + int64(v.Len()))
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return m.spend(price + 4*int64(v.Len())) // printed as numbers
		}
		for i := range v.Len() {
			if err := m.walk(v.Index(i), depth+1); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := errors.Join(m.walk(it.Key(), depth+1), m.walk(it.Value(), depth+1)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := m.walk(v.Field(i), depth+1); err != nil {
				return err
			}
		}
	}
	return m.spend(price)
}
