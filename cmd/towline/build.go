package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/workdir"
	"github.com/towline-dev/towline/reconciler/build"
)

func newBuild() *cobra.Command {
	return &cobra.Command{
		Use:   "build PATH",
		Short: "Render PATH as the reconciler would",
		Long: `Renders the manifests at PATH to standard output just as the reconciler would: with
kustomize where a kustomization stands there, else every manifest below it. PATH's own
repository, the nearest parent directory that holds .git, bounds what may be read.`,
		Example: "  towline build ./deploy/overlays/production | kubectl diff -f -",
		Args:    onePath(),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			root, sub, err := repositoryOf(args[0])
			if err != nil {
				return err
			}
			dir, err := workdir.Open(root)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, dir.Close()) }()
			objects, err := builders().Build(cmd.Context(), build.Request{Files: dir.FS(), Dir: sub})
			if err != nil {
				return err
			}
			return build.Encode(cmd.OutOrStdout(), objects)
		},
	}
}
