"""Gemini through google-genai, asked request by request. Importing this module imports no SDK."""

from vdata_resources.language.gemini_service import GeminiService
from vdata_resources.language.gemini_wire import GeminiResponse, answer_of
from vdata_resources.language.protocol import Answer, Request
from vdata_resources.language.request_wire import answer_schema, typed_images

READ_FIELDS = {"candidates", "prompt_feedback", "usage_metadata"}


class GeminiModel:
    """A :class:`~vdata_resources.language.protocol.VisionLanguageModel` on the Gemini Developer API.

    The arguments are those of :class:`~vdata_resources.language.gemini_service.GeminiService`.

    Raises:
        ModelUnavailable: no key, or an address that is none.
    """

    def __init__(
        self,
        model: str,
        api_key: str,
        *,
        base_url: str | None = None,
        timeout_s: float = 120.0,
        thinking_budget: int | None = None,
    ) -> None:
        self._service = GeminiService(model, api_key, base_url, timeout_s, thinking_budget)

    @property
    def identity(self) -> str:
        """Service, model, and what else of the settings changes answers."""
        return self._service.identity

    async def answer(self, request: Request) -> Answer:
        """See :class:`~vdata_resources.language.protocol.VisionLanguageModel`.

        Raises:
            ModelError: this request has no answer; its class says why.
            ModelUnavailable: the key, the model or the address is wrong.
            ValueError: an image is neither PNG nor JPEG.
        """
        from google.genai import types

        budget = self._service.thinking_budget
        config = types.GenerateContentConfig(
            temperature=request.temperature,
            max_output_tokens=request.max_output_tokens,
            response_mime_type="application/json",
            response_json_schema=answer_schema(request.schema),
            thinking_config=None if budget is None else types.ThinkingConfig(thinking_budget=budget),
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            automatic_continuation=False,
        )
        parts = [types.Part.from_text(text=request.text)]
        parts += [
            types.Part.from_bytes(data=image, mime_type=media_type)
            for media_type, image in typed_images(request)
        ]
        response = await self._service.call(
            self._service.client.aio.models.generate_content(
                model=self._service.service.model,
                contents=types.Content(role="user", parts=parts),
                config=config,
            )
        )
        read = response.model_dump(mode="json", include=READ_FIELDS)
        return answer_of(GeminiResponse.model_validate(read), request)

    async def close(self) -> None:
        """Close connections."""
        await self._service.close()
