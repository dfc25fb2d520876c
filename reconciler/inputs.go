package reconciler

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/render"
)

// inputsAge bounds how long what ConfigMaps and Secrets gave to a build is believed:
// a change of theirs is seen within the Sync's interval, and within a minute where
// that is longer. They are asked for, and not watched: a watch would need the right
// to read all Secrets of the namespace.
const inputsAge = time.Minute

// inputs are what a build needs besides the repository.
type inputs struct {
	variables  map[string]string
	decryption build.Decrypter

	key        string // differs where any of it differs, and tells nothing of it
	outside    bool   // some of it came of ConfigMaps and Secrets
	generation int64  // of the Sync that named them
	until      time.Time
}

// inputs gives those of the Sync as it is now.
func (w *work) inputs(ctx context.Context) (inputs, error) {
	known := w.st.inputs
	if known.generation == w.sync.Generation && (!known.outside || w.now.Before(known.until)) {
		return known, nil
	}
	found := inputs{generation: w.sync.Generation, until: w.now.Add(min(w.sync.Spec.Interval.Duration, inputsAge))}
	var err error
	if found.variables, err = w.variables(ctx); err != nil {
		return inputs{}, err
	}
	if found.decryption, err = w.decrypter(ctx); err != nil {
		return inputs{}, err
	}
	found.outside = found.decryption != nil || w.sync.Spec.Substitute != nil && len(w.sync.Spec.Substitute.From) > 0
	found.key = found.sum()
	w.st.inputs = found
	return found, nil
}

// sum is empty where there are no inputs.
func (i inputs) sum() string {
	if i.variables == nil && i.decryption == nil {
		return ""
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(i.variables)) {
		value := i.variables[name]
		// The lengths keep "a"+"bc" and "ab"+"c" apart. A hash takes everything.
		_, _ = fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(value), value)
	}
	if i.decryption != nil {
		_, _ = io.WriteString(sum, "|"+i.decryption.Key())
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// variables gives the variables by name, nil where the Sync asks for none to be put in.
func (w *work) variables(ctx context.Context) (map[string]string, error) {
	spec := w.sync.Spec.Substitute
	if spec == nil {
		return nil, nil
	}
	all := map[string]string{}
	for _, ref := range spec.From {
		values, err := w.values(ctx, ref)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, values)
	}
	maps.Copy(all, spec.Variables)
	return all, nil
}

func (w *work) values(ctx context.Context, ref v1.SubstituteReference) (map[string]string, error) {
	key := types.NamespacedName{Namespace: w.sync.Namespace, Name: ref.Name}
	values := map[string]string{}
	var err error
	if ref.Kind == "Secret" {
		var data map[string][]byte
		data, err = w.readings.secret(ctx, key)
		for name, value := range data {
			values[name] = string(value)
		}
	} else {
		values, err = w.readings.configMap(ctx, key)
	}
	if apierrors.IsNotFound(err) && ref.Optional {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s %q for variables: %w", ref.Kind, key, err)
	}
	return values, nil
}

// decrypter gives what opens encrypted files, nil where the Sync names no keys.
func (w *work) decrypter(ctx context.Context) (build.Decrypter, error) {
	spec := w.sync.Spec.Decryption
	if spec == nil {
		return nil, nil
	}
	if w.Decrypters == nil {
		return nil, errors.New("this reconciler opens no encrypted files")
	}
	return w.readings.decrypter(ctx, types.NamespacedName{Namespace: w.sync.Namespace, Name: spec.SecretRef.Name})
}

// options say how the Sync's folder is built.
func (w *work) options(ctx context.Context, in inputs) (build.Options, error) {
	options := render.OptionsOf(w.sync)
	options.Variables, options.Decryption = in.variables, in.decryption
	var err error
	options.Cluster, err = w.abilities.Get(ctx)
	return options, err
}

// namespace is where objects go that need one and name none.
func (w *work) namespace() string { return cmp.Or(w.sync.Spec.TargetNamespace, w.sync.Namespace) }
