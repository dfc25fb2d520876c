package helm

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"

	"github.com/towline-dev/towline/reconciler/build"
)

// readValues merges the values that a Sync gives, as `helm --values` does: later files win
// over earlier ones, inline values over all of them, and null takes away what the chart has.
func readValues(request build.Request, limits build.Limits) (map[string]any, error) {
	reader := build.NewReader(request.Files, limits)
	merged := map[string]any{}
	for _, name := range request.Options.Helm.ValuesFiles {
		full, err := valuesPath(request.Dir, name)
		if err != nil {
			return nil, err
		}
		data, err := reader.ReadFile(full)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &build.Error{File: full, Err: fs.ErrNotExist, Hint: "values files are named relative to the chart's folder"}
		}
		if err != nil {
			return nil, err
		}
		if merged, err = mergeValues(merged, full, data); err != nil {
			return nil, err
		}
	}
	return mergeValues(merged, "spec.helm.values", request.Options.Helm.Values)
}

func valuesPath(dir, name string) (string, error) {
	full := path.Join(dir, name)
	if name == "" || strings.HasPrefix(name, "/") || strings.Contains(name, "://") || !fs.ValidPath(full) {
		return "", &build.Error{File: name, Err: errors.New("the values file lies outside of the repository"), Hint: "values files are named relative to the chart's folder"}
	}
	return full, nil
}

func mergeValues(into map[string]any, file string, data []byte) (map[string]any, error) {
	more, err := loader.LoadValues(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if err != nil {
		if found := build.CheckSyntax(file, data); found != nil {
			return nil, found
		}
		return nil, &build.Error{File: file, Err: fmt.Errorf("reading values: %w", err), Hint: "values are a map"}
	}
	return loader.MergeMaps(into, more), nil
}
