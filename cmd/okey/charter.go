package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"okey/config"
	"okey/okey"
	"okey/sql"
)

// CharterCommand is `okey charter`.
type CharterCommand struct {
	Publish CharterPublish `cmd:"" help:"Publier une nouvelle version de la charte : à signer dès maintenant."`
}

// CharterPublish is `okey charter publish FILE`.
type CharterPublish struct {
	File string `arg:"" name:"fichier" help:"Texte en UTF-8."`
}

const longestCharter = 100_000

// Run publishes a version; the text in force, published again, changes nothing.
func (c *CharterPublish) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	content, err := os.ReadFile(c.File)
	if err != nil {
		return &okey.Error{
			Code: okey.CodeInvalid, Message: fmt.Sprintf("%s ne s'ouvre pas : vérifiez le chemin et les droits.", c.File),
			Err: err,
		}
	}
	text := strings.TrimPrefix(string(content), "\ufeff")
	switch {
	case !utf8.ValidString(text):
		return okey.Errorf(okey.CodeInvalid, "%s n'est pas en UTF-8 : enregistrez-le sous cette forme.", c.File)
	case !okey.HidesNothing(text):
		return okey.Errorf(okey.CodeInvalid, "%s contient des caractères invisibles (sens d'écriture, espaces sans largeur) : ce qui se "+
			"signe doit se voir. Retirez-les.", c.File)
	case strings.TrimSpace(text) == "":
		return okey.Errorf(okey.CodeInvalid, "%s est vide.", c.File)
	case len(text) > longestCharter:
		return okey.Errorf(okey.CodeInvalid, "%s est trop long pour être lu : %d caractères au plus.", c.File, longestCharter)
	}
	store, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	now := time.Now().UTC()
	var before, published okey.Charter
	err = store.Do(ctx, func(tx *sql.Tx) error {
		if before, err = tx.Charter(ctx); err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return err
		}
		if published, err = tx.PublishCharter(ctx, text, now); err != nil || published.Version == before.Version {
			return err
		}
		tx.Audit(sql.Entry{
			At: now, Event: "charter", Via: okey.ViaSupport, Subject: fmt.Sprintf("charter:%d", published.Version),
			Detail: "published:" + published.SHA256,
		})
		return nil
	})
	if err != nil {
		return withHolder(ctx, store, err)
	}
	if published.Version == before.Version {
		_, err = fmt.Fprintf(out, "Ce texte est déjà en vigueur : version %d.\n", published.Version)
		return err
	}
	_, err = fmt.Fprintf(out, "Charte publiée : version %d, SHA-256 %s.\n", published.Version, published.SHA256)
	return err
}
