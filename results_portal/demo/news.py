"""News and initiatives of the demo: what an exam centre writes to its schools in a year."""

from datetime import datetime, time, timedelta

ONE_SCHOOL = "RMPS01"

SEMINAR = (
    "Insegnare lo speaking: un pomeriggio per docenti",
    "Teaching speaking: an afternoon for teachers",
    "Laboratorio gratuito con due esaminatrici: come si valuta, come ci si esercita in classe.",
    "A free workshop with two speaking examiners: how it is assessed, how to practise it in class.",
    """Due esaminatrici mostrano con registrazioni vere **che cosa guarda chi valuta** e propongono attività \
da portare in classe il giorno dopo.

## Programma

| Ora | Che cosa |
|---|---|
| 15:00 | Le quattro scale di valutazione, con esempi |
| 16:00 | Prova di valutazione in piccoli gruppi |
| 17:00 | Attività per la classe: coppie, immagini, discussione |

Si riceve un attestato di partecipazione. Posti: 40. \
Per iscriversi basta una mail a [esami@sirio.example](mailto:esami@sirio.example) con scuola e nomi.""",
    """Two speaking examiners show with real recordings **what an assessor looks at**, and bring activities \
that you can use in class the day after.

## Programme

| Time | What |
|---|---|
| 15:00 | The four assessment scales, with examples |
| 16:00 | Assessing in small groups |
| 17:00 | For the classroom: pairs, pictures, discussion |

You get a certificate of attendance. Places: 40. \
To sign up, write to [esami@sirio.example](mailto:esami@sirio.example) with your school and the names.""",
)
DATES = (
    "Sessioni della primavera: date e termini di iscrizione",
    "Spring sessions: dates and deadlines",
    "Le date di B1 Preliminary, B2 First e C1 Advanced. Dopo il termine non accettiamo iscrizioni.",
    "The dates of B1 Preliminary, B2 First and C1 Advanced. No entries after the deadline.",
    """| Esame | Scritto | Iscrizioni entro |
|---|---|---|
| B1 Preliminary | 20 marzo | 29 gennaio |
| B2 First | 10 aprile | 19 febbraio |
| C1 Advanced | 8 maggio | 18 marzo |
| B2 First | 12 giugno | 22 aprile |

- Un candidato si iscrive **con il nome che sta sul documento**.
- Per misure compensative servono i certificati *insieme* all’iscrizione.
- Gli orali si tengono nei dieci giorni intorno allo scritto; il giorno si sa tre settimane prima.""",
    """| Exam | Written papers | Enter by |
|---|---|---|
| B1 Preliminary | 20 March | 29 January |
| B2 First | 10 April | 19 February |
| C1 Advanced | 8 May | 18 March |
| B2 First | 12 June | 22 April |

- Enter candidates **with the name on their document**.
- For access arrangements we need the certificates *together* with the entry.
- Speaking tests are within ten days of the written papers; we tell you the day three weeks before.""",
)
MATERIAL = (
    "Nuovo materiale per il writing di B2 First",
    "New material for B2 First writing",
    "",
    "",
    """Abbiamo raccolto dodici elaborati di candidati, con voto e commento. \
Per ogni compito ce n’è uno buono, uno sufficiente e uno che non basta: la differenza si vede subito.

Mancano ancora le *review*: arrivano prima di Natale.""",
    """We have put together twelve scripts of candidates, with marks and the assessor’s comments. \
For each task there is a good one, one that passes and one that does not: in class the difference is plain.

*Reviews* are still missing: they come before Christmas.""",
)
ORALS = (
    "Gli orali del Liceo Volta si tengono da voi",
    "Liceo Volta: your oral exams take place at your school",
    "",
    "",
    """Per i vostri 38 candidati di B2 First mandiamo due esaminatrici in sede. Ci servono:

1. due aule vicine e silenziose, più una per aspettare;
2. una persona della segreteria dalle 8:30;
3. l’elenco delle coppie, **entro venerdì**.""",
    """For your 38 candidates of B2 First we send two speaking examiners to your school. We need:

1. two quiet rooms near each other, and one to wait in;
2. somebody of the school office from 8:30;
3. the list of pairs, **by Friday**.""",
)
CLOSED = (
    "Ufficio esami chiuso dal 24 dicembre al 6 gennaio",
    "Exams office closed from 24 December to 6 January",
    "",
    "",
    "Per urgenze sui risultati lasciate un messaggio in segreteria: lo ascoltiamo ogni mattina feriale.",
    "If something cannot wait, leave a message on the phone: we listen to it every working morning.",
)
CONFERENCE = (
    "Convegno dei centri di preparazione: i materiali degli interventi",
    "Preparation centres’ conference: the speakers’ material",
    "",
    "",
    "Grazie alle 120 persone che c’erano. I materiali restano a disposizione per due settimane.",
    "Thank you to the 120 people who came. The material is there for two weeks.",
)


def load(by: "User") -> None:  # noqa: F821
    """Six posts by an officer: one is pinned, one planned, one has ended, one is for a single school; and one
    secretary gets the digest."""
    from django.utils import timezone

    from accounts.models import Face, User
    from centres import following
    from centres.models import NewsReader, PreparationCentre

    now = timezone.now()
    today = timezone.localdate()
    day = timedelta(days=1)
    _post(by, DATES, published_at=now - 6 * day, is_pinned=True)
    _post(
        by,
        SEMINAR,
        kind="initiative",
        published_at=now - 3 * day,
        held_on=today + 16 * day,
        place="Centro Esami Sirio, Via delle Stelle 24, Roma",
        sign_up_by=today + 10 * day,
    )
    _post(by, MATERIAL, published_at=now - 1 * day)
    school = PreparationCentre.objects.get(code=ONE_SCHOOL)
    _post(by, ORALS, school, published_at=now - timedelta(hours=5))
    tomorrow = timezone.make_aware(datetime.combine(today + day, time(9)))
    _post(by, CLOSED, published_at=tomorrow, expires_at=tomorrow + 45 * day)
    _post(
        by,
        CONFERENCE,
        kind="initiative",
        published_at=now - 30 * day,
        expires_at=now - 16 * day,
        held_on=today - 33 * day,
        place="Roma",
    )
    secretary = User.objects.filter(face=Face.CENTRES, memberships__centre=school).first()
    following.choose_digest(secretary, wanted=True)
    # As if she had asked before, so that the next digest has something to tell.
    NewsReader.objects.filter(user=secretary).update(wants_digest_since=now - 14 * day)


def _post(by, words: tuple[str, ...], *only, **fields) -> None:
    from centres.models import Post

    names = ("title_it", "title_en", "summary_it", "summary_en", "body_it", "body_en")
    post = Post.objects.create(**dict(zip(names, words, strict=True)), author=by, to_all=not only, **fields)
    post.centres.set(only)
