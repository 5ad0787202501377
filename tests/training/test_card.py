# SPDX-License-Identifier: MIT
"""What a card says of data and networks."""

from liquid_audio_nets.training.loop.provenance import provenance


def test_a_card_claims_known_data_only(tmp_path):
    for name in ("speech_commands", "digits", "my_words"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "mine" / name).mkdir(parents=True)
    (tmp_path / "mine/speech_commands").rmdir()
    data, licence = provenance(tmp_path / "all", voices=["espeak-ng", "flite", "kokoro"])
    assert (
        "Google Speech Commands" in data
        and "Spoken Digit" in data
        and "words spoken by espeak-ng, flite and Kokoro-82M (Apache-2.0)" in data
        and "CC BY-SA 4.0" in licence
    )
    data, licence = provenance(tmp_path / "mine", voices=[])
    assert data == "recordings in the folder mine." and "state it" in licence
    assert "Speech Commands" in provenance(tmp_path / "all/speech_commands", [])[0]


def test_share_alike_sources_stand_by_themselves(tmp_path):
    for name in ("speech_commands/yes", "digits/1", "prompts/fr", "wake_words/jarvis", "other_words/mandarin"):
        (tmp_path / name).mkdir(parents=True)
    data, licence = provenance(tmp_path, [], ["speech_commands", "wake_words", "prompts/fr", "other_words"])
    before, after = data.split(" Share-alike: ")
    assert "Speech Commands" in before and "Picovoice" in before and "BY-SA" not in before
    assert after == "audio-cmn, CC BY-SA; asterisk-core-sounds, CC BY-SA 3.0."
    assert licence.startswith("Weights: CC BY-SA 4.0, from data under CC BY 4.0, Apache-2.0, ")
    data, licence = provenance(tmp_path, [], ["speech_commands", "wake_words"])
    assert "hare-alike" not in data and licence == "Weights: CC BY 4.0, from data under CC BY 4.0, Apache-2.0."
