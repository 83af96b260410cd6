"""Preparation material of the demo: small real files for every exam, made at its start.

The exercises are our own, not the board's.
"""

import io
import math
import struct
import wave
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

TEMPLATE = Path(__file__).with_name("worksheet.typ")
RATE = 8_000  # samples a second


@dataclass(frozen=True)
class Item:
    """A material; days: how long it has been there; form: pdf, wav or zip (both).

    titles and descriptions: Italian, English.
    """

    exams: str
    skills: str
    kind: str
    days: int
    titles: tuple[str, str]
    descriptions: tuple[str, str]
    tasks: tuple[str, ...] = ()
    instruction: str = ""
    form: str = "pdf"


ITEMS = (
    Item(
        "YLS",
        "reading_and_writing",
        "lesson",
        120,
        ("Animali da colorare e da scrivere", "Animals to colour and to write"),
        (
            "Una lezione di 30 minuti: parole, colori, una frase.",
            "A lesson of 30 minutes: words, colours, one sentence.",
        ),
        (
            "The cat is black. Colour the cat.",
            "Write: This is a d _ _ .",
            "How many birds can you draw in one minute?",
        ),
        "Read, then colour or write.",
    ),
    Item(
        "YLS",
        "listening",
        "audio",
        4,
        ("Ascolta e batti le mani", "Listen and clap"),
        (
            "Due suoni, uno alto e uno basso: in piedi o seduti?",
            "Two sounds, one high, one low: stand up or sit down?",
        ),
        form="wav",
    ),
    Item(
        "YLM",
        "speaking",
        "lesson",
        90,
        ("Trova le differenze, a coppie", "Find the differences, in pairs"),
        ("Domande e risposte su due stanze diverse.", "Questions and answers about two different rooms."),
        (
            "In my room there is a lamp. And in yours?",
            "Where is your chair?",
            "Say two things that are the same.",
        ),
        "Student A draws a room with five things, student B another. Ask and answer.",
    ),
    Item(
        "YLM YLF",
        "listening reading_and_writing",
        "sample_paper",
        3,
        ("Piccola prova con audio", "Small test with audio"),
        ("Scheda e audio insieme, in un archivio.", "Worksheet and audio together, in one archive."),
        (
            "Listen. How many sounds do you hear?",
            "Write the days of the week.",
            "Which day do you like most? Why?",
        ),
        "Listen twice, then write.",
        "zip",
    ),
    Item(
        "YLF",
        "reading_and_writing",
        "lesson",
        60,
        ("Scrivere una breve storia", "Write a short story"),
        ("Tre immagini da inventare, venti parole o più.", "Three pictures to invent, twenty words or more."),
        (
            "A boy finds a key in the garden. What does it open?",
            "What does his sister say?",
            "How does it end?",
        ),
        "Write 20 words or more.",
    ),
    Item(
        "A2K A2KS",
        "reading_and_writing",
        "sample_paper",
        150,
        ("Reading and Writing: messaggi brevi", "Reading and Writing: short messages"),
        ("Sei messaggi da capire e uno da scrivere.", "Six messages to understand and one to write."),
        (
            "“Library closed until Monday.” When can you go?",
            "“Back in ten minutes. Sam.” Who comes back?",
            "Write a note of 25 words to a friend: you are late.",
        ),
        "Read and answer. Then write.",
    ),
    Item(
        "A2K A2KS",
        "listening",
        "audio",
        80,
        ("Listening: segnali in stazione", "Listening: signals in a station"),
        ("Segnali acustici per l’esercizio 3.", "Sound signals for exercise 3."),
        form="wav",
    ),
    Item(
        "A2KS",
        "",
        "handbook",
        200,
        ("Come prepararsi: guida per le classi", "How to prepare: a guide for classes"),
        (
            "Che cosa chiede l’esame, parte per parte, in una pagina.",
            "What the exam asks, part by part, on one page.",
        ),
        (
            "One hour a week for ten weeks.",
            "Read something short each day.",
            "Speak in pairs, not in front of everyone.",
        ),
        "Ten weeks before the exam:",
    ),
    Item(
        "B1P B1PS",
        "writing",
        "lesson",
        70,
        ("Writing: la mail a un amico", "Writing: the email to a friend"),
        ("Quattro appunti, cento parole.", "Four notes, a hundred words."),
        (
            "Your friend asks to visit in May. Say yes and why.",
            "Suggest a day and a place.",
            "Ask one question.",
            "Close the email.",
        ),
        "Write about 100 words. Use all four notes.",
    ),
    Item(
        "B1PS",
        "speaking",
        "lesson",
        2,
        ("Speaking: descrivere una fotografia", "Speaking: describe a photograph"),
        ("Domande guida, da usare con foto Vostre.", "Questions that guide, for photographs of your own."),
        ("Where are the people?", "What happened a minute before?", "What would you do there?"),
        "Speak for one minute. Your partner counts the adjectives.",
    ),
    Item(
        "B1P",
        "reading listening",
        "sample_paper",
        30,
        ("Mezza prova con audio", "Half a test with audio"),
        ("Scheda e audio in un archivio.", "Worksheet and audio in one archive."),
        (
            "Why did the writer leave the city?",
            "Find a word that means “quickly”.",
            "Listen: which signal is longer?",
        ),
        "30 minutes.",
        "zip",
    ),
    Item(
        "B2F",
        "use_of_english",
        "lesson",
        100,
        ("Use of English: trasformare le frasi", "Use of English: transform the sentences"),
        ("Sei frasi dirette, con la parola chiave.", "Six sentences with a key word."),
        (
            "I last saw her in June. SINCE: I … her since June.",
            "It was too dark to read. ENOUGH: It wasn’t … to read.",
            "“Don’t be late,” said Ada. WARNED: Ada … late.",
        ),
        "Use the word given; between two and five words.",
    ),
    Item(
        "B2F",
        "use_of_english",
        "answer_key",
        100,
        ("Use of English: soluzioni", "Use of English: answers"),
        ("Le risposte, con una nota ciascuna.", "The answers, with a note on each."),
        ("haven’t seen (present perfect with since)", "light enough", "warned us not to be"),
        "Answers.",
    ),
    Item(
        "B2F B2FS",
        "writing",
        "lesson",
        45,
        ("Writing: il saggio in quattro passi", "Writing: the essay in four steps"),
        ("Dall’elenco delle idee alla versione finale.", "From the list of ideas to the final version."),
        (
            "Write down five ideas in two minutes.",
            "Cross out two. Order the rest.",
            "One paragraph for each; then the beginning and the end.",
        ),
        "“Schools should start later.” Do you agree?",
    ),
    Item(
        "B2FS",
        "listening",
        "audio",
        1,
        ("Listening: suoni e pause", "Listening: sounds and pauses"),
        ("Per allenare la concentrazione prima della prova.", "To train concentration before the test."),
        form="wav",
    ),
    Item(
        "B2FS",
        "reading",
        "sample_paper",
        25,
        ("Reading: ritrovare il filo", "Reading: find the thread"),
        ("Un testo con tre frasi da rimettere al loro posto.", "A text with three sentences to put back."),
        (
            "“It did not.”: after which sentence?",
            "“That was the easy part.”: where?",
            "Which sentence is left over?",
        ),
        "Put the sentences back into the text on the board.",
    ),
    Item(
        "C1A",
        "reading use_of_english",
        "sample_paper",
        65,
        ("Reading and Use of English: mezza prova", "Reading and Use of English: half a test"),
        ("Quattro parti, quarantacinque minuti.", "Four parts, forty-five minutes."),
        (
            "Hardly ___ the door when the phone rang.",
            "Form a noun from “persevere”.",
            "Which writer would agree that maps lie?",
        ),
        "45 minutes.",
    ),
    Item(
        "C1A C2P",
        "speaking",
        "lesson",
        15,
        ("Speaking: prendere e cedere la parola", "Speaking: take the floor and give it back"),
        ("Formule e un gioco per gruppi di quattro.", "Phrases and a game for groups of four."),
        (
            "Interrupt politely, three ways.",
            "Disagree and give a reason.",
            "Bring in somebody who has not spoken.",
        ),
        "Each phrase may be used once.",
    ),
    Item(
        "C2P",
        "writing",
        "lesson",
        5,
        ("Writing: riassumere due testi", "Writing: summarise two texts"),
        (
            "Due opinioni opposte, una sintesi in cento parole.",
            "Two opposite opinions, one summary of a hundred words.",
        ),
        (
            "Text 1: silence in libraries is a luxury of the past.",
            "Text 2: silence is what a library lends.",
            "Summarise both; then say what you think.",
        ),
        "About 250 words.",
    ),
    Item(
        "A2K A2KS B1P B1PS B2F B2FS C1A C2P",
        "",
        "handbook",
        40,
        ("Il giorno dell’esame: che cosa portare", "The day of the exam: what to bring"),
        ("Da dare a ogni candidato.", "To give to every candidate."),
        (
            "An identity document with a photograph.",
            "Pencils, a rubber, water without a label.",
            "Your phone stays outside.",
        ),
        "The evening before:",
    ),
)


def load(by: "User", reader: "User") -> None:  # noqa: F821
    """Put the material on the shelf; reader: a secretary who looked through it ten days ago."""
    from django.utils import timezone

    from centres.models import Material, MaterialVisit

    now = timezone.now()
    for item in ITEMS:
        material = _store(item, by)
        # As if it had been uploaded then.
        Material.objects.filter(pk=material.pk).update(
            uploaded_at=now - timedelta(days=item.days), published_at=now - timedelta(days=item.days)
        )
    MaterialVisit.objects.create(user=reader, latest_at=now - timedelta(days=10))


def _store(item: Item, by: "User") -> "Material":  # noqa: F821
    from centres import shelving
    from centres.models import Material
    from centres.storing import Incoming

    material = Material(
        title_it=item.titles[0],
        title_en=item.titles[1],
        description_it=item.descriptions[0],
        description_en=item.descriptions[1],
        exams=item.exams.split(),
        skills=item.skills.split(),
        kind=item.kind,
    )
    with Incoming() as file:
        file.write(_content(item))
        shelving.add(material, file, f"{item.titles[1]}.{item.form}".replace(": ", " - "), by)
    return material


def _content(item: Item) -> bytes:
    if item.form == "wav":
        return _audio()
    if item.form == "pdf":
        return _worksheet(item)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("worksheet.pdf", _worksheet(item))
        file.writestr("audio.wav", _audio())
    return archive.getvalue()


def _worksheet(item: Item) -> bytes:
    from results.exams import EXAMS
    from results.typesetting import typeset

    data = {
        "exam": ", ".join(EXAMS[code].name for code in item.exams.split()),
        "title": item.titles[1],
        "instruction": item.instruction,
        "tasks": item.tasks,
    }
    return typeset(TEMPLATE, data)


@cache
def _audio() -> bytes:
    """Three tones with pauses, the last one longer."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for pitch, seconds in ((440, 0.4), (660, 0.4), (440, 1.2)):
            tone = (math.sin(2 * math.pi * pitch * at / RATE) for at in range(int(RATE * seconds)))
            file.writeframes(b"".join(struct.pack("<h", int(9_000 * sample)) for sample in tone))
            file.writeframes(bytes(RATE))  # half a second of silence
    return made.getvalue()
