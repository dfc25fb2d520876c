package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/render"
	"github.com/towline-dev/towline/reconciler/build/sops"
	"github.com/towline-dev/towline/reconciler/build/substitute"
)

// buildFlags are the options of a Sync's build as flags.
type buildFlags struct {
	sync          string
	namespace     string
	release       string
	values        []string
	skipCRDs      bool
	kubeVersion   string
	apiVersions   []string
	variables     []string
	variablesFile []string
	keys          []string
	bases         baseFlags
}

func (f *buildFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.sync, "sync", "", "a file with a Sync, whose options are taken")
	flags.StringVar(&f.namespace, "namespace", "", "the namespace of a Helm release")
	flags.StringVar(&f.release, "release-name", "", "the name of a Helm release; by default the Sync's, or PATH's last part")
	flags.StringArrayVar(&f.values, "values", nil, "a file of Helm values, relative to the chart and inside the repository; later ones win")
	flags.BoolVar(&f.skipCRDs, "skip-crds", false, "leave out the chart's crds folder")
	flags.StringVar(&f.kubeVersion, "kube-version", "", "the cluster's version that a chart is told, such as v1.36.3")
	flags.StringSliceVar(&f.apiVersions, "api-versions", nil, "API versions that a chart is told, such as monitoring.coreos.com/v1")
	flags.StringArrayVar(&f.variables, "variable", nil, "NAME=VALUE, put in for ${NAME}; wins over files")
	flags.StringArrayVar(&f.variablesFile, "variables-file", nil, "a file of variables, NAME=VALUE, one a line")
	flags.StringArrayVar(&f.keys, "decryption-key", nil, "a file with age identities or an armoured OpenPGP private key, to open what SOPS has encrypted")
	f.bases.add(cmd)
}

// options puts the Sync and the flags together.
func (f *buildFlags) options(cmd *cobra.Command) (build.Options, error) {
	options := build.Options{Namespace: "default"}
	if path, err := filepath.Abs(cmd.Flags().Arg(0)); err == nil {
		options.Release = filepath.Base(path)
	}
	if f.sync != "" {
		s, err := readSync(f.sync)
		if err != nil {
			return options, err
		}
		options = render.OptionsOf(s)
		if s.Spec.Substitute != nil {
			for _, from := range s.Spec.Substitute.From {
				cmd.PrintErrf("towline: the variables of %s %s aren't read: give them with --variables-file\n", from.Kind, from.Name)
			}
		}
	}
	if f.namespace != "" {
		options.Namespace = f.namespace
	}
	if f.release != "" {
		options.Release = f.release
	}
	options.Helm.ValuesFiles = append(options.Helm.ValuesFiles, f.values...)
	options.Helm.SkipCRDs = options.Helm.SkipCRDs || f.skipCRDs
	options.Cluster = build.Capabilities{KubeVersion: f.kubeVersion, APIVersions: f.apiVersions}
	var err error
	if options.Variables, err = f.addVariables(options.Variables); err != nil {
		return options, err
	}
	options.Decryption, err = f.decryption()
	return options, err
}

// readSync reads the one Sync of a file.
func readSync(file string) (*v1.Sync, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := build.NewCollector(build.Limits{}, build.Options{})
	build.Decode(all, file, data)
	objects, err := all.Objects()
	if err != nil {
		return nil, err
	}
	var found *v1.Sync
	for _, u := range objects {
		if u.GetKind() != "Sync" || u.GetAPIVersion() != v1.GroupVersion().String() {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%s holds several Syncs: %s and %s", file, found.Name, u.GetName())
		}
		found = &v1.Sync{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(u.Object, found, true); err != nil {
			return nil, fmt.Errorf("%s: Sync %s: %w", file, u.GetName(), err)
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s holds no Sync of %s", file, v1.GroupVersion())
	}
	return found, nil
}

// addVariables gives nil where neither a Sync nor a flag asks for variables.
func (f *buildFlags) addVariables(all map[string]string) (map[string]string, error) {
	if len(f.variables)+len(f.variablesFile) > 0 && all == nil {
		all = map[string]string{}
	}
	for _, file := range f.variablesFile {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		for n := 1; lines.Scan(); n++ {
			text := strings.TrimSpace(lines.Text())
			if text == "" || text[0] == '#' {
				continue
			}
			if err := addVariable(all, text); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, n, err)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
	}
	for _, text := range f.variables {
		if err := addVariable(all, text); err != nil {
			return nil, fmt.Errorf("--variable: %w", err)
		}
	}
	return all, nil
}

func addVariable(all map[string]string, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("NAME=VALUE is needed")
	}
	if err := substitute.CheckName(name); err != nil {
		return err
	}
	all[name] = value
	return nil
}

// decryption reads the keys, nil where there are none. What a file holds tells its kind.
func (f *buildFlags) decryption() (build.Decrypter, error) {
	if len(f.keys) == 0 {
		return nil, nil
	}
	secret := map[string][]byte{}
	for i, file := range f.keys {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		kind := ".agekey"
		if bytes.Contains(data, []byte("-----BEGIN PGP ")) {
			kind = ".asc"
		}
		secret[strconv.Itoa(i)+"-"+strings.TrimSuffix(filepath.Base(file), kind)+kind] = data
	}
	return sops.NewKeys(secret)
}
