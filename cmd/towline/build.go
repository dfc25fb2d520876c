package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/reconciler/build"
)

func newBuild() *cobra.Command {
	var flags buildFlags
	output := "yaml"
	cmd := &cobra.Command{
		Use:   "build PATH",
		Short: "Render PATH as the reconciler would",
		Long: `Renders the manifests at PATH to standard output just as the reconciler would: with
kustomize where a kustomization stands there, with Helm where a chart does, else every
manifest below it. PATH's own repository, the nearest parent directory that holds .git,
bounds what may be read. No cluster is asked for anything.

Options are those of a Sync: --sync takes them from its manifest, and flags win over it.
What the Sync takes from ConfigMaps and Secrets is given by --variables-file, --variable
and --decryption-key.`,
		Example: `  towline build ./deploy/overlays/production | kubectl diff -f -
  towline build ./apps/shop --sync ./clusters/prod/shop.yaml --variable CLUSTER=prod
  towline build ./charts/shop --namespace shop --values prod.yaml -o name
  towline build ./secrets --decryption-key ~/keys/prod.agekey`,
		Args: onePath(),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			root, sub, err := repositoryOf(args[0])
			if err != nil {
				return err
			}
			options, err := flags.options(cmd)
			if err != nil {
				return err
			}
			dir, err := workdir.Open(root)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, dir.Close()) }()
			renderer, err := flags.bases.renderer("", slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			objects, err := renderer.Build(cmd.Context(), build.Request{Files: dir.FS(), Dir: sub, Options: options})
			if err != nil {
				return err
			}
			return printObjects(cmd.OutOrStdout(), output, objects)
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", output, "output format: yaml, json (a List) or name")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		switch output {
		case "yaml", "json", "name":
			return nil
		}
		return fmt.Errorf("the output format %q isn't known: use yaml, json or name", output)
	}
	return cmd
}

func printObjects(w io.Writer, output string, objects []*unstructured.Unstructured) error {
	switch output {
	case "json":
		items := make([]any, len(objects))
		for i, u := range objects {
			items[i] = u.Object
		}
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
	case "name":
		for _, u := range objects {
			kind := strings.ToLower(u.GetKind())
			if group := u.GroupVersionKind().Group; group != "" {
				kind += "." + group
			}
			if _, err := fmt.Fprintf(w, "%s/%s\n", kind, u.GetName()); err != nil {
				return err
			}
		}
		return nil
	}
	return build.Encode(w, objects)
}
